import { expect, it } from 'vitest';
import { connectTo, createDatabase, testServers } from '../../support/servers.js';
import { findingsOf, sourceOf, subtaskOf } from './support.js';

const { mysqlUp, mariadbUp, mysqlDown } = testServers();
const CHECK = 'table structures downstream';

it('tells what the downstream will refuse or do otherwise, of tables that it does not have yet', async () => {
  const schema = await createDatabase(mysqlUp, 'n_structures');
  const db = await connectTo(mysqlUp, schema);
  await db.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9) COLLATE utf8mb4_general_ci, KEY f ((LOWER(v))))');
  const task = subtaskOf(await sourceOf(mysqlUp), mariadbUp, [schema]);
  expect((await findingsOf(task))[CHECK]).toEqual([
    `warn: the downstream will refuse table \`${schema}\`.\`t\`: MariaDB does not have functional indexes: \`f\``,
  ]);
  const down = await connectTo(mariadbUp);
  await down.query(`CREATE DATABASE \`${schema}\``);
  await down.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, v VARCHAR(9))`);
  expect((await findingsOf(task))[CHECK]).toBeUndefined();
  await down.query(`DROP DATABASE \`${schema}\``);
});

it('says nothing where nothing differs', async () => {
  const schema = await createDatabase(mariadbUp, 'n_structures');
  const db = await connectTo(mariadbUp, schema);
  await db.query('CREATE TABLE u (id UUID PRIMARY KEY)');
  await db.query('CREATE TABLE plain (id INT PRIMARY KEY)');
  const findings = (await findingsOf(subtaskOf(await sourceOf(mariadbUp), mysqlDown, [schema])))[CHECK];
  expect(findings).toHaveLength(1);
  expect(findings?.[0]).toContain(`\`${schema}\`.\`u\``);
});
