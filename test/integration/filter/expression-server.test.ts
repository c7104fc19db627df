import { beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/types.js';
import { createExpressionFilter, type RowFilter } from '../../../src/filter/expression/index.js';
import { closeConnection, openConnection, type DbConnection } from '../../../src/mysql/connect.js';
import type { Column, Table } from '../../../src/schema/model.js';
import type { RowChange, RowImage } from '../../../src/sync/events.js';
import { onFileEnd, testServers, type ServerAddress } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const configOf = ({ host, port, user, password }: ServerAddress): DatabaseConfig => ({ host, port, user, password });

async function connect(config: DatabaseConfig): Promise<DbConnection> {
  const connection = await openConnection(config, { role: 'downstream' });
  onFileEnd(() => closeConnection(connection));
  return connection;
}

function column(name: string, type: string, more: Partial<Column> = {}): Column {
  const flags = { unsigned: false, zerofill: false, nullable: true, autoIncrement: false, invisible: false };
  return { name, type, columnType: type, ...flags, ...more };
}

function text(name: string, charset: string, collation: string): Column {
  return column(name, 'varchar', { length: 100, charset, collation });
}

function structure(...columns: Column[]): Table {
  const rest = { indexes: [], foreignKeys: [], checks: [], charset: 'utf8mb4', collation: 'utf8mb4_bin', options: {} };
  return { schema: 'db', name: 't', columns, ...rest };
}

const inserts = (...rows: RowImage[]): RowChange[] => rows.map((after) => ({ kind: 'insert', after }));

/** A filter with the servers it may ask, one per question; a question too many fails. */
function filterOf(columns: Column[], insertValueExpr: string, ...servers: (DbConnection | Error)[]): RowFilter {
  const filter = createExpressionFilter([{ name: 'r', schema: 'db', table: 't', insertValueExpr }], {
    server: () => {
      const next = servers.shift() ?? new Error('asked once more');
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    caseSensitive: true,
  }).forTable(structure(...columns));
  if (filter === undefined) throw new Error('no filter');
  return filter;
}

describe.each(['mysqlDown', 'mariadbUp'] as const)('questions to %s', (name) => {
  let server: DbConnection;
  beforeAll(async () => {
    server = await connect(configOf(testServers()[name]));
  });

  test.each<[string, Column, string, RowImage, boolean[]]>([
    ['integers', column('c', 'int'), 'SQRT(c) = 3', [9, 10, null, -9], [true, false, false, false]],
    [
      'large integers',
      column('c', 'bigint', { unsigned: true }),
      "HEX(c) = 'FFFFFFFFFFFFFFFF'",
      [18446744073709551615n, 1],
      [true, false],
    ],
    [
      'decimals',
      column('c', 'decimal', { length: 30, decimals: 10 }),
      "CONCAT('', c, '') LIKE '%.5000000000' AND SQRT(c) > 1",
      ['12345678901234567890.5000000000', '0.5000000000'],
      [true, false],
    ],
    [
      'doubles',
      column('c', 'double'),
      'ROUND(c * 10, 3) = 1 OR POW(c, 1) > 1e100',
      [0.1, 1e200, -0, null],
      [true, true, false, false],
    ],
    [
      'texts with quotes and backslashes',
      text('c', 'utf8mb4', 'utf8mb4_bin'),
      `HEX(c) = HEX('it''s \\\\ "q"\\n')`,
      ['it\'s \\ "q"\n', 'its'],
      [true, false],
    ],
    [
      'a collation',
      text('c', 'utf8mb4', 'utf8mb4_general_ci'),
      "c = 'STRASE'",
      ['straße', 'straSe', 'straßse'],
      [true, true, false],
    ],
    [
      'another charset',
      text('c', 'latin1', 'latin1_swedish_ci'),
      "HEX(c) = 'E4'",
      [
        { charset: 'latin1', bytes: Buffer.from([0xe4]) },
        { charset: 'latin1', bytes: Buffer.from([0x61]) },
      ],
      [true, false],
    ],
    [
      'bytes',
      column('c', 'varbinary'),
      "HEX(c) = '00FF27'",
      [Buffer.from([0, 255, 0x27]), Buffer.alloc(0)],
      [true, false],
    ],
    [
      'dates',
      column('c', 'date'),
      "DATE_FORMAT(c, '%Y/%m') = '2020/02'",
      ['2020-02-29', '2020-03-01', '0000-00-00'],
      [true, false, false],
    ],
    [
      'datetimes',
      column('c', 'datetime', { length: 3 }),
      'TIME_TO_SEC(c) = 3600',
      ['2020-02-29 01:00:00.000', '2020-02-29 01:00:01.000'],
      [true, false],
    ],
    [
      'times with an offset',
      column('c', 'timestamp', { length: 0 }),
      "c = '2021-01-01 12:34:56+08:00' AND SQRT(1) = 1",
      ['2021-01-01 04:34:56', '2021-01-01 12:34:56'],
      [true, false],
    ],
    ['times', column('c', 'time', { length: 1 }), 'TIME_TO_SEC(c) < 0', ['-00:00:02.0', '838:59:59.0'], [true, false]],
    ['years', column('c', 'year'), 'POW(c, 1) = 1999', [1999, 0], [true, false]],
    [
      'members of ENUM',
      column('c', 'enum', { members: ['x', "it's"], charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      "HEX(c) = HEX('it''s') AND SQRT(c + 2) = 2",
      [2, 1, 0, null],
      [true, false, false, false],
    ],
    [
      'members of SET',
      column('c', 'set', { members: ['x', 'y'], charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      "HEX(c) = HEX('x,y') AND SQRT(c + 1) = 2",
      [3n, 1n, 0n],
      [true, false, false],
    ],
    ['bits', column('c', 'bit', { length: 8 }), 'SQRT(c) = 3', [9n, 1n], [true, false]],
    [
      'JSON',
      column('c', 'json'),
      "JSON_EXTRACT(c, '$.a') = 1",
      ['{"a": 1}', '{"a": 2}', '', null],
      [true, false, false, false],
    ],
    ['a name with a backtick', column('a`b c', 'int'), 'SQRT(`a``b c`) = 3', [9, 4], [true, false]],
    ['comments', column('c', 'int'), 'SQRT(c) = 3 -- that is all', [9, 4], [true, false]],
  ])('%s', async (_, one, expression, values, expected) => {
    const rows = inserts(...values.map((value): RowImage => [value]));
    expect(await filterOf([one], expression, server).dropped(rows)).toEqual(expected);
  });

  test('only the open rows are asked about, in batches of bounded size, and answered in their order', async () => {
    const columns = [column('c', 'int'), text('s', 'utf8mb4', 'utf8mb4_bin')];
    const filter = filterOf(columns, 'c >= 0 AND SQRT(c) = FLOOR(SQRT(c)) AND LENGTH(s) > 2', server);
    const rows = inserts(
      ...Array.from({ length: 1800 }, (_, at): RowImage => [at - 100, 'x'.repeat(at < 1700 ? 3 : 200_000)]),
    );
    const expected = rows.map((_, at) => at >= 100 && Number.isInteger(Math.sqrt(at - 100)));
    expect(await filter.dropped(rows)).toEqual(expected);
  });

  test('both values of an update are asked about', async () => {
    const filter = createExpressionFilter(
      [{ name: 'r', schema: 'db', table: 't', updateOldValueExpr: 'SQRT(c) = 2', updateNewValueExpr: 'SQRT(c) = 3' }],
      { server: () => Promise.resolve(server), caseSensitive: true },
    ).forTable(structure(column('c', 'int')));
    const changes = (
      [
        [4, 9],
        [4, 8],
        [5, 9],
        [null, null],
      ] as const
    ).map(([before, after]): RowChange => {
      return { kind: 'update', before: [before], after: [after] };
    });
    expect(await filter?.dropped(changes)).toEqual([true, false, false, false]);
  });

  test('what the server refuses is an error with the expression and without the values', async () => {
    const filter = filterOf([text('c', 'utf8mb4', 'utf8mb4_bin')], 'no_such_function(c) = 1', server);
    const error: unknown = await Promise.resolve(filter.dropped(inserts(['secret value']))).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 10005, message: 'query statement failed: no_such_function(c) = 1' });
    expect(String(error)).not.toContain('secret value');
  });

  test('a result beyond the type is the error it is on the server', async () => {
    const filter = filterOf([column('c', 'bigint')], 'c + 1 > 0', server);
    expect(filter.dropped(inserts([5]))).toEqual([true]);
    await expect(filter.dropped(inserts([9223372036854775807n]))).rejects.toMatchObject({ code: 10005 });
  });
});

test('a value that the binlog does not hold is an error, not NULL', async () => {
  const filter = filterOf([column('c', 'int')], 'c IS NULL', await connect(configOf(testServers().mysqlDown)));
  await expect(filter.dropped(inserts([undefined]))).rejects.toMatchObject({ code: 11126 });
});

test('a connection that drops is an error that can be tried again', async () => {
  const config = configOf(testServers().mysqlDown);
  const proxy = await TcpProxy.start(config);
  onFileEnd(() => proxy.stop());
  const first = await connect({ ...config, host: '127.0.0.1', port: proxy.port });
  const second = await connect(config);
  const filter = filterOf([column('c', 'int')], 'SQRT(c) = 3', first, first, second);
  const rows = inserts([9], [4]);
  expect(await filter.dropped(rows)).toEqual([true, false]);
  proxy.cut();
  await expect(filter.dropped(rows)).rejects.toMatchObject({ code: 10003, scope: 'downstream' });
  expect(await filter.dropped(rows)).toEqual([true, false]);
});
