/**
 * How fast binlog bytes become row changes, on one core: rows like those of sysbench's oltp tables (id, k, c char(120),
 * pad char(60)) in rows events of 8 KB, as bulk inserts write them, and in transactions of one row each.
 *
 *     node --import tsx test/bench/decode.ts   (or compiled: node dist/test/bench/decode.js)
 */
import { performance } from 'node:perf_hooks';
import { crc32 } from '../../src/binlog/checksum.js';
import { EventType } from '../../src/binlog/constants.js';
import { BinlogDecoder } from '../../src/binlog/decoder.js';
import type { Column, Table } from '../../src/schema/model.js';

const EVENT_ROWS = 40;
const ROWS = 400_000;

function column(name: string, type: string, length?: number): Column {
  const common = { nullable: false, autoIncrement: false, invisible: false, unsigned: false, zerofill: false };
  const result: Column = { name, type, columnType: type, ...common };
  if (length !== undefined) Object.assign(result, { length, charset: 'utf8mb4' });
  return result;
}

const TABLE: Table = {
  schema: 'sbtest',
  name: 'sbtest1',
  columns: [column('id', 'int'), column('k', 'int'), column('c', 'char', 120), column('pad', 'char', 60)],
  indexes: [],
  foreignKeys: [],
  checks: [],
  charset: 'utf8mb4',
  collation: 'utf8mb4_0900_ai_ci',
  options: {},
};

let position = 4;

function event(type: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(19 + body.length + 4);
  position += bytes.length;
  bytes.writeUInt32LE(1_700_000_000, 0);
  bytes[4] = type;
  bytes.writeUInt32LE(1, 5);
  bytes.writeUInt32LE(bytes.length, 9);
  bytes.writeUInt32LE(position, 13);
  body.copy(bytes, 19);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function formatDescription(): Buffer {
  const body = Buffer.alloc(57 + 40 + 1);
  body.writeUInt16LE(4, 0);
  body.write('9.7.0', 2);
  body[56] = 19;
  body[97] = 1;
  return event(EventType.formatDescription, body);
}

function tableMap(): Buffer {
  // STRING metadata: type and length, lengths above 255 with their high bits folded into the type.
  const string = (length: number): number[] => [254 ^ ((length & 0x300) >> 4), length & 0xff];
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 1, 0, 6, ...Buffer.from('sbtest\0'), 7, ...Buffer.from('sbtest1\0')]);
  return event(
    EventType.tableMap,
    Buffer.concat([head, Buffer.from([4, 3, 3, 254, 254, 4, ...string(480), ...string(240), 0])]),
  );
}

function rowsEvent(count: number): Buffer {
  const c = Buffer.from(
    '68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918-19503783441',
  );
  const pad = Buffer.from('22195207048-70116052123-74140395089-76317954521-98694025897');
  const row = Buffer.concat([
    Buffer.alloc(1),
    int(123456),
    int(499999),
    Buffer.from([c.length, 0]),
    c,
    Buffer.from([pad.length]),
    pad,
  ]);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 4, 0xff]);
  return event(EventType.writeRows, Buffer.concat([head, ...Array.from({ length: count }, () => row)]));
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function run(name: string, events: Buffer[], rowsPerRound: number): void {
  for (const measured of [false, true]) {
    position = 4;
    const decoder = new BinlogDecoder({ start: { name: 'binlog.000001', pos: 4 } });
    const rounds = Math.ceil((measured ? ROWS : ROWS / 4) / rowsPerRound);
    let rows = 0;
    let bytes = 0;
    const begun = performance.now();
    const decode = (one: Buffer): void => {
      const steps = decoder.decode(one);
      let step = steps.next();
      while (step.done !== true) {
        const { value } = step;
        if (value.type === 'rows') rows += value.rows.length;
        step = steps.next(value.type === 'lookup' ? TABLE : undefined);
      }
      bytes += one.length;
    };
    decode(formatDescription());
    for (let round = 0; round < rounds; round++) for (const one of events) decode(one);
    const seconds = (performance.now() - begun) / 1000;
    if (!measured) continue;
    const rate = Math.round(rows / seconds).toLocaleString('en');
    console.log(`${name}: ${rate} rows/s, ${(bytes / seconds / 1e6).toFixed(0)} MB/s`);
  }
}

run(`rows events of ${EVENT_ROWS} rows`, [tableMap(), rowsEvent(EVENT_ROWS)], EVENT_ROWS);
const begin = Buffer.concat([Buffer.alloc(13), Buffer.from('\0BEGIN')]);
const gtid = Buffer.alloc(42, 0x11);
const small = [
  event(EventType.gtid, gtid),
  event(EventType.query, begin),
  tableMap(),
  rowsEvent(1),
  event(EventType.xid, Buffer.alloc(8)),
];
run('transactions of one row', small, 1);
