/**
 * How much processor time reading small transactions from a server takes, end to end: socket, packets, decoding, handing on.
 * Takes a server with its binlog on as URL, writes transactions into a database of its own and reads them some times.
 *
 *     node dist/test/bench/read.js mysql://root:password@127.0.0.1:3306 [transactions]
 */
import { performance } from 'node:perf_hooks';
import { openBinlogStream } from '../../src/binlog/stream.js';
import { silentLogger } from '../../src/log/logger.js';
import { openConnection } from '../../src/mysql/connect.js';
import { detectServer, masterStatus } from '../../src/mysql/server-info.js';
import { introspectTable } from '../../src/schema/introspect.js';
import { loadServerProfile } from '../../src/schema/server-profile.js';

const url = new URL(process.argv[2] ?? '');
const transactions = Number(process.argv[3] ?? 10_000);
const BATCH = 250;
const ROUNDS = 4;
const SCHEMA = 'bench_read';

const source = {
  host: url.hostname,
  port: Number(url.port),
  user: url.username,
  password: decodeURIComponent(url.password),
};
const connection = await openConnection(source, { role: 'upstream', multipleStatements: true });
const profile = await loadServerProfile(connection);
const { flavor } = await detectServer(connection, 'upstream');
await connection.query(`DROP DATABASE IF EXISTS ${SCHEMA}`);
await connection.query(`CREATE DATABASE ${SCHEMA}`);
await connection.query(`CREATE TABLE ${SCHEMA}.t (id INT PRIMARY KEY, k INT, c CHAR(120), pad CHAR(60))`);
const start = await masterStatus(connection, flavor);
for (let first = 0; first < transactions; first += BATCH) {
  let sql = '';
  for (let id = first; id < first + BATCH; id++) {
    const table = `${SCHEMA}.t`;
    sql += `BEGIN; INSERT INTO ${table} VALUES (${id}, 1, repeat('c', 119), repeat('p', 59));`;
    sql += `UPDATE ${table} SET k = 2 WHERE id = ${id}; UPDATE ${table} SET c = repeat('x', 119) WHERE id = ${id}; COMMIT;`;
  }
  await connection.query(sql);
}
const target = await masterStatus(connection, flavor);
for (let round = 1; round <= ROUNDS; round++) {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let rows = 0;
  const stream = await openBinlogStream({
    source,
    flavor,
    serverId: 99_000 + round,
    start,
    useGtid: true,
    logger: silentLogger,
    lookup: (schema, table) => (schema === SCHEMA ? introspectTable(connection, profile, schema, table) : undefined),
  });
  for await (const event of stream) {
    if (event.type === 'rows') rows += event.rows.length;
    if (event.type === 'commit' && event.location.name === target.name && event.location.pos >= target.pos) break;
  }
  const used = process.cpuUsage(cpu);
  const micros = (used.user + used.system) / transactions;
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `round ${round}: ${rows} row changes in ${seconds.toFixed(2)} s, ${micros.toFixed(1)} µs of processor time a transaction`,
  );
}
await connection.query(`DROP DATABASE ${SCHEMA}`);
connection.destroy();
