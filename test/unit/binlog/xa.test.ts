import { describe, expect, test } from 'vitest';
import { CorruptEventError } from '../../../src/binlog/cursor.js';
import { BinlogDecoder, type Decoded } from '../../../src/binlog/decoder.js';
import { parseXaPrepare, parseXaStatement, XaRows, xaVerb } from '../../../src/binlog/xa.js';

/** Body of an XA_prepare event. */
function prepareBody(onePhase: boolean, format: number, global: Buffer, branch: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt8(onePhase ? 1 : 0, 0);
  head.writeUInt32LE(format, 1);
  head.writeUInt32LE(global.length, 5);
  head.writeUInt32LE(branch.length, 9);
  return Buffer.concat([head, global, branch]);
}

/** An event without checksum. */
function event(type: number, body: Buffer, logPos: number): Buffer {
  const head = Buffer.alloc(19);
  head.writeUInt32LE(1_700_000_000, 0);
  head.writeUInt8(type, 4);
  head.writeUInt32LE(1, 5);
  head.writeUInt32LE(19 + body.length, 9);
  head.writeUInt32LE(logPos, 13);
  return Buffer.concat([head, body]);
}

function query(sql: string): Buffer {
  // Thread, duration, length of the schema's name, error, length of the status variables; then the empty name and its end.
  return Buffer.concat([Buffer.alloc(13), Buffer.from([0]), Buffer.from(sql)]);
}

function gtid(number: number): Buffer {
  const body = Buffer.alloc(25);
  body.fill(0xab, 1, 17);
  body.writeBigUInt64LE(BigInt(number), 17);
  return body;
}

describe('xids', () => {
  test('of the event and of the statements that end the transaction are the same text', () => {
    const body = prepareBody(false, 7, Buffer.from([0, 0xff, 0x27]), Buffer.from('br'));
    expect(parseXaPrepare(body)).toEqual({ onePhase: false, xid: "X'00ff27',X'6272',7" });
    expect(parseXaStatement("XA COMMIT X'00FF27',X'6272',7")).toBe("X'00ff27',X'6272',7");
    expect(parseXaStatement("xa rollback X'00ff27', X'6272', 7")).toBe("X'00ff27',X'6272',7");
  });

  test('keep the low 32 bits of the format, as the event does', () => {
    const empty = Buffer.alloc(0);
    expect(parseXaPrepare(prepareBody(true, 0xffff_ffff, empty, empty))).toEqual({
      onePhase: true,
      xid: "X'',X'',4294967295",
    });
    expect(parseXaStatement("XA COMMIT X'',X'',4294967296")).toBe("X'',X'',0");
    expect(parseXaStatement("XA COMMIT X'',X'',-1")).toBe("X'',X'',4294967295");
  });

  test.each(["XA COMMIT 'a'", "XA COMMIT X'61'", "XA COMMIT X'61',X'',1 ONE PHASE"])('are not guessed: %s', (sql) => {
    expect(() => parseXaStatement(sql)).toThrow(CorruptEventError);
  });

  test('that are cut off or too long are no xids', () => {
    const body = prepareBody(false, 1, Buffer.from('abc'), Buffer.from('d'));
    for (let length = 0; length < body.length; length++) {
      expect(() => parseXaPrepare(body.subarray(0, length))).toThrow(CorruptEventError);
    }
    expect(() => parseXaPrepare(prepareBody(false, 1, Buffer.alloc(65), Buffer.alloc(0)))).toThrow(CorruptEventError);
  });
});

test('only XA statements have an XA verb', () => {
  expect(xaVerb("XA START X'61',X'',1")).toBe('START');
  expect(xaVerb('xa  end x')).toBe('END');
  expect(xaVerb('CREATE TABLE xa (commit INT)')).toBeUndefined();
  expect(xaVerb('XARGS COMMIT')).toBeUndefined();
});

test('rows are held up to the room there is, as copies', () => {
  const rows = new XaRows(1_000);
  const bytes = Buffer.from('abc');
  rows.hold(Buffer.from('map'), 30, bytes);
  bytes.fill(0);
  expect(rows.rows?.[0]?.body.toString()).toBe('abc');
  rows.hold(Buffer.from('map'), 30, Buffer.alloc(1_000));
  expect(rows.rows).toBeUndefined();
  rows.hold(Buffer.from('map'), 30, Buffer.from('abc'));
  expect(rows.rows).toBeUndefined();
});

describe('groups of two-phase transactions', () => {
  const xid = prepareBody(false, 1, Buffer.from('a'), Buffer.alloc(0));
  const groups = [
    event(33, gtid(1), 144),
    event(2, query("XA START X'61',X'',1"), 244),
    event(2, query("XA END X'61',X'',1"), 344),
    event(38, xid, 444),
    event(33, gtid(2), 544),
    event(2, query("XA COMMIT X'61',X'',1"), 644),
    event(33, gtid(3), 744),
    event(2, query("XA ROLLBACK X'61',X'',1"), 844),
  ];
  const decode = (holdXaBytes: number | undefined): Decoded[] => {
    const decoder = new BinlogDecoder({ start: { name: 'binlog.000001', pos: 100 }, holdXaBytes });
    return groups.flatMap((bytes) => [...decoder.decode(bytes)]);
  };

  test('tell with their commit events what they did, and where the prepared one begins', () => {
    const steps = decode(undefined).flatMap((one) => (one.type === 'commit' ? [one.xa] : []));
    expect(steps).toEqual([
      {
        prepared: {
          xid: "X'61',X'',1",
          begin: { name: 'binlog.000001', pos: 100 },
          gtid: 'abababab-abab-abab-abab-abababababab:1',
          gtidBefore: '',
          rows: undefined,
        },
      },
      { ended: "X'61',X'',1" },
      { ended: "X'61',X'',1" },
    ]);
  });

  test('ask for rows at COMMIT alone, when rows are held', () => {
    expect(decode(undefined).map(({ type }) => type)).toEqual(['gtid', 'commit', 'gtid', 'commit', 'gtid', 'commit']);
    const events = decode(1_000);
    expect(events.map(({ type }) => type)).toEqual(['gtid', 'commit', 'gtid', 'xa-rows', 'commit', 'gtid', 'commit']);
    expect(events[3]).toMatchObject({ xid: "X'61',X'',1", group: undefined, end: { pos: 644 } });
    expect(events[1]).toMatchObject({ xa: { prepared: { rows: [] } } });
  });
});
