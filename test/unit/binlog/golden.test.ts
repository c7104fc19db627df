import { describe, expect, it } from 'vitest';
import { decodeBinlogFile } from '../../../src/binlog/file.js';
import type { BinlogEvent, RowChange } from '../../../src/sync/events.js';
import { GOLDEN, goldenBytes, goldenLookup, type GoldenName } from './golden.js';

async function decode(name: GoldenName, start?: number): Promise<BinlogEvent[]> {
  const { lookup, track } = goldenLookup(name);
  const events: BinlogEvent[] = [];
  const options = start === undefined ? { lookup } : { lookup, start };
  for await (const event of decodeBinlogFile(goldenBytes(name), options)) {
    track(event);
    events.push(event);
  }
  return events;
}

const changes = (events: readonly BinlogEvent[], table: string): RowChange[] =>
  events.flatMap((event) => (event.type === 'rows' && event.table === table ? event.rows : []));

const POINT = Buffer.from('000000000101000000000000000000f03f0000000000000040', 'hex');

const FIRST_NUMBERS = [
  1,
  255,
  -32768,
  -8388608,
  -(2n ** 63n),
  2n ** 64n - 1n,
  0.1,
  -1.5e300,
  '-12345678901234.000001',
  682n,
  2155,
];
const SECOND_NUMBERS = [2, null, 0, 1, 2, 3, 4, 5, '6.000000', 7n, 0];

describe.each(GOLDEN)('recorded binlog of %s', (name) => {
  it('holds the values that were written', async () => {
    const events = await decode(name);
    const updated = FIRST_NUMBERS.with(2, 7);
    expect(changes(events, 'numbers')).toEqual([
      { kind: 'insert', after: FIRST_NUMBERS },
      { kind: 'insert', after: SECOND_NUMBERS },
      { kind: 'update', before: FIRST_NUMBERS, after: updated },
      { kind: 'delete', before: SECOND_NUMBERS },
    ]);
    expect(changes(events, 'times')).toEqual([
      {
        kind: 'insert',
        after: [
          1,
          '2020-02-29',
          '-838:59:58.999',
          '9999-12-31 23:59:59.999999',
          '2038-01-19 03:14:07.99',
          '0000-00-00 00:00:00',
        ],
      },
      { kind: 'insert', after: [2, null, null, null, null, null] },
    ]);
    expect(changes(events, 'texts')[0]).toEqual({
      kind: 'insert',
      after: [
        1,
        'ab',
        'é🙂',
        't'.repeat(400),
        Buffer.from('00ff00', 'hex'),
        Buffer.from('01000000', 'hex'),
        { charset: 'gbk', bytes: Buffer.from('c4e3bac3', 'hex') },
        2,
        5n,
        POINT,
      ],
    });
    expect(changes(events, 'other')).toEqual([{ kind: 'insert', after: [1] }]);
  });

  it('is a sequence of whole groups whose positions follow each other', async () => {
    let open = false;
    let at = 4;
    for (const event of await decode(name)) {
      if (event.type === 'keepalive') continue;
      expect(event.type === 'gtid').toBe(!open);
      open = event.type !== 'commit';
      expect(event.end.pos).toBeGreaterThanOrEqual(at);
      at = event.end.pos;
      if (event.type === 'commit') expect(event.location.pos).toBe(event.end.pos);
    }
    expect(open).toBe(false);
  });

  it('gives the same from every commit on as from the beginning', async () => {
    const all = (await decode(name)).filter((event) => event.type !== 'keepalive');
    for (const [index, event] of all.entries()) {
      if (event.type !== 'commit') continue;
      const rest: BinlogEvent[] = [];
      const { lookup, track } = goldenLookup(name);
      for (const before of all.slice(0, index)) track(before);
      for await (const next of decodeBinlogFile(goldenBytes(name), { lookup, start: event.end.pos })) {
        track(next);
        if (next.type !== 'keepalive') rest.push(next);
      }
      expect(rest).toEqual(all.slice(index + 1));
    }
  });

  it('accounts for every GTID', async () => {
    const events = await decode(name);
    const gtids = events.flatMap((event) => (event.type === 'gtid' ? [event.gtid ?? ''] : []));
    expect(new Set(gtids).size).toBe(gtids.length);
    const last = events.findLast((event) => event.type === 'commit')?.location.gtidSet ?? '';
    expect(last).toContain(`-${gtids.at(-1)?.split(/[:-]/).at(-1)}`);
    if (name.startsWith('mysql')) expect(last).toMatch(/^[0-9a-f-]{36}:1-\d+:tagged:1,?/);
  });

  it('cannot be started inside an event', async () => {
    const [first] = (await decode(name)).filter((event) => event.type === 'commit');
    await expect(decode(name, first.end.pos + 1)).rejects.toMatchObject({ code: 36069 });
  });
});

describe.each(['mysql-9.7', 'mysql-9.7-full-nocrc'] as const)('%s alone', (name) => {
  it('has JSON, a compressed transaction and an atomic CREATE TABLE ... SELECT', async () => {
    const events = await decode(name);
    expect(changes(events, 'docs').map((row) => (row.kind === 'insert' ? row.after[1] : undefined))).toEqual([
      '{"a": [1, -2.5, null, true, "x\\n"], "b": {"c": 18446744073709551615}}',
      {
        charset: 'utf8mb4',
        bytes: Buffer.from('[1.50, "2020-01-02 03:04:05.600000", "base64:type15:AP8="]'),
        typed: [
          { path: '$[0]', value: { type: 'decimal', text: '1.50', precision: 11, scale: 2 } },
          { path: '$[1]', value: { type: 'datetime', text: '2020-01-02 03:04:05.600000' } },
          { path: '$[2]', value: { type: 'opaque', wireType: 15, bytes: Buffer.from([0, 255]) } },
        ],
      },
    ]);
    const texts = changes(events, 'texts').map((row) => (row.kind === 'insert' ? row.after.slice(0, 4) : []));
    expect(texts.slice(1)).toEqual([
      [7, null, null, 'compress me '.repeat(500)],
      [8, 'tag', null, null],
    ]);
    const ctas = events.find((event) => event.type === 'query' && event.sql.includes('ctas'));
    expect(ctas).toMatchObject({ inTransaction: true, sql: expect.not.stringContaining('TRANSACTION') });
    expect(changes(events, 'ctas')).toHaveLength(3);
  });
});

describe.each(['mariadb-10.11', 'mariadb-10.11-full-nocrc'] as const)('%s alone', (name) => {
  it('has its own types and compressed rows', async () => {
    const events = await decode(name);
    expect(changes(events, 'maria')).toEqual([
      { kind: 'insert', after: [1, '123e4567-e89b-12d3-a456-426614174000', '2001:db8::1', 'zip '.repeat(100)] },
    ]);
    const [, update] = changes(events, 'texts');
    expect(update).toMatchObject({ kind: 'update' });
    expect(update.kind === 'update' && update.after[3]).toBe('u'.repeat(3000));
  });
});
