/**
 * Records the golden binlog files beside it from real servers: run it with the compiled tests after a change of the
 * statements below, look at the difference of the `.json` files, and commit both.
 *
 *     npm run build && node dist/test/unit/binlog/golden/record.js test/unit/binlog/golden
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openConnection, queryRows, type DbConnection } from '../../../../src/mysql/connect.js';
import { startDatabaseServer } from '../../../../tools/servers/database-server.js';
import type { Column, Table } from '../../../../src/schema/model.js';

const SCHEMA = 'golden';

const COMMON = [
  `CREATE DATABASE ${SCHEMA}`,
  `USE ${SCHEMA}`,
  `CREATE TABLE numbers (id INT PRIMARY KEY, a TINYINT UNSIGNED, b SMALLINT, c MEDIUMINT, d BIGINT, e BIGINT UNSIGNED, f FLOAT, g DOUBLE, h DECIMAL(20,6), i BIT(10), j YEAR)`,
  `CREATE TABLE times (id INT PRIMARY KEY, a DATE, b TIME(3), c DATETIME(6), d TIMESTAMP(2) NULL, e DATETIME)`,
  `CREATE TABLE texts (id INT PRIMARY KEY, a CHAR(5), b VARCHAR(300), c TEXT, d BLOB, e BINARY(4), f VARCHAR(9) CHARACTER SET gbk, g ENUM('x','y'), h SET('p','q','r'), i GEOMETRY)`,
  `INSERT INTO numbers VALUES (1, 255, -32768, -8388608, -9223372036854775808, 18446744073709551615, 0.1, -1.5e300, -12345678901234.000001, b'1010101010', 2155), (2, NULL, 0, 1, 2, 3, 4, 5, 6, 7, 0)`,
  `INSERT INTO times VALUES (1, '2020-02-29', '-838:59:58.999', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.99', '0000-00-00 00:00:00')`,
  `INSERT INTO texts VALUES (1, 'ab  ', 'é🙂', repeat('t', 400), x'00ff00', x'01', '你好', 'y', 'p,r', ST_GeomFromText('POINT(1 2)'))`,
  `UPDATE numbers SET b = 7 WHERE id = 1`,
  `BEGIN`,
  `DELETE FROM numbers WHERE id = 2`,
  `INSERT INTO times (id) VALUES (2)`,
  `SAVEPOINT s`,
  `COMMIT`,
  `ALTER TABLE times ADD COLUMN f INT`,
  `CREATE TABLE other (id INT PRIMARY KEY) ENGINE=MyISAM`,
  `INSERT INTO other VALUES (1)`,
];

const MYSQL = [
  `CREATE TABLE docs (id INT PRIMARY KEY, d JSON)`,
  `INSERT INTO docs VALUES (1, '{"a": [1, -2.5, null, true, "x\\\\n"], "b": {"c": 18446744073709551615}}'), (2, json_array(cast(1.50 as decimal(10,2)), cast('2020-01-02 03:04:05.6' as datetime(6)), x'00ff'))`,
  `SET binlog_transaction_compression=ON`,
  `INSERT INTO texts (id, c) VALUES (7, repeat('compress me ', 500))`,
  `SET binlog_transaction_compression=OFF`,
  `SET gtid_next='AUTOMATIC:tagged'`,
  `INSERT INTO texts (id, a) VALUES (8, 'tag')`,
  `SET gtid_next='AUTOMATIC'`,
  `CREATE TABLE ctas SELECT id FROM texts`,
];

const MARIADB = [
  `CREATE TABLE maria (id INT PRIMARY KEY, a UUID, b INET6, c VARCHAR(500) COMPRESSED)`,
  `INSERT INTO maria VALUES (1, '123e4567-e89b-12d3-a456-426614174000', '2001:db8::1', repeat('zip ', 100))`,
  `SET GLOBAL log_bin_compress=ON`,
  `UPDATE texts SET c = repeat('u', 3000)`,
  `SET GLOBAL log_bin_compress=OFF`,
];

/** What is recorded: a name, the server's arguments, the statements of its family. */
const RECORDINGS = [
  { name: 'mysql-9.7', flavor: 'mysql', args: [], statements: MYSQL },
  {
    name: 'mysql-9.7-full-nocrc',
    flavor: 'mysql',
    args: ['--binlog-row-metadata=FULL', '--binlog-checksum=NONE'],
    statements: MYSQL,
  },
  { name: 'mariadb-10.11', flavor: 'mariadb', args: [], statements: MARIADB },
  {
    name: 'mariadb-10.11-full-nocrc',
    flavor: 'mariadb',
    args: ['--binlog-row-metadata=FULL', '--binlog-checksum=NONE'],
    statements: MARIADB,
  },
] as const;

/** Structures of the tables as they end up, by name. */
async function structures(connection: DbConnection): Promise<Record<string, Table>> {
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '${SCHEMA}' ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  );
  const tables: Record<string, Table> = {};
  for (const row of rows) {
    const name = String(row['TABLE_NAME']);
    const empty = {
      indexes: [],
      foreignKeys: [],
      checks: [],
      charset: 'utf8mb4',
      collation: 'utf8mb4_bin',
      options: {},
    };
    const table = (tables[name] ??= { schema: SCHEMA, name, columns: [], ...empty });
    table.columns.push(columnOf(row));
  }
  return tables;
}

function columnOf(row: Record<string, unknown>): Column {
  const columnType = String(row['COLUMN_TYPE']);
  const column: Column = {
    name: String(row['COLUMN_NAME']),
    type: String(row['DATA_TYPE']),
    columnType,
    unsigned: columnType.includes('unsigned'),
    zerofill: false,
    nullable: row['IS_NULLABLE'] === 'YES',
    autoIncrement: false,
    invisible: false,
  };
  const charset = row['CHARACTER_SET_NAME'] as string | null;
  if (charset !== null) column.charset = charset;
  return column;
}

async function record(directory: string): Promise<void> {
  for (const { name, flavor, args, statements } of RECORDINGS) {
    const server = await startDatabaseServer({ flavor, args: [...args], rootPassword: 'root-pw' });
    try {
      const { host, port, user, password } = server;
      const connection = await openConnection({ host, port, user, password }, { role: 'upstream' });
      await connection.query('FLUSH BINARY LOGS');
      for (const sql of [...COMMON, ...statements]) await connection.query(sql);
      const logs = await queryRows(connection, 'upstream', 'SHOW BINARY LOGS');
      const file = String(logs.at(-1)?.['Log_name']);
      const [base] = await queryRows(connection, 'upstream', 'SELECT @@log_bin_basename AS path');
      const tables = await structures(connection);
      await connection.query('FLUSH BINARY LOGS');
      const path = String(base?.['path']);
      copyFileSync(`${path.slice(0, path.lastIndexOf('/'))}/${file}`, join(directory, `${name}.bin`));
      writeFileSync(join(directory, `${name}.tables.json`), JSON.stringify(tables));
      await connection.end();
    } finally {
      await server.stop();
    }
  }
}

await record(process.argv[2] ?? '.');
