import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { completeSource } from '../../../src/check/source.js';
import { runCheck } from '../../../src/check/run.js';
import { failedCheckError } from '../../../src/check/report.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { LoadCheckpoint } from '../../../src/load/checkpoint.js';
import { createMetaTables, metaTables } from '../../../src/meta/tables.js';
import {
  connectTo,
  createDatabase,
  dropAtEnd,
  endWithEachTest,
  onFileEnd,
  startPrivateServer,
  testServers,
  uniqueName,
} from '../../support/servers.js';
import { definitionOf, findingsOf, sourceOf, subtaskOf, type Login } from './support.js';

const { mysqlDown } = testServers();

endWithEachTest();

/** Makes a user with exactly the grants named, dropped at the end. */
async function createUser(db: Connection, server: Login, grants: readonly string[]): Promise<Login> {
  const user = uniqueName('h').slice(0, 20);
  await db.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'h-pw'`);
  onFileEnd(async () => void (await db.query(`DROP USER '${user}'@'%'`)));
  for (const grant of grants) await db.query(`GRANT ${grant} TO '${user}'@'%'`);
  return { host: server.host, port: server.port, user, password: 'h-pw' };
}

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s in good order', (name) => {
  const server = testServers()[name];
  let db: Connection;
  let schema: string;
  let source: SourceConfig;

  beforeAll(async () => {
    db = await connectTo(server);
    schema = await createDatabase(server, 'h_good');
    await db.query(
      `CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, v TEXT) CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
    );
    source = await sourceOf(server);
  });

  it('passes, and is known for what it is', async () => {
    expect(source.flavor).toBe(server.flavor);
    expect(source.serverId).toBeGreaterThanOrEqual(429_496_729);
    const report = await runCheck([subtaskOf(source, mysqlDown, [schema])]);
    expect(report.results.filter((result) => result.state !== 'success')).toEqual([]);
    expect(report.summary).toMatchObject({ passed: true, failed: 0, warning: 0, total: report.results.length });
  });

  it('needs RELOAD, SELECT, REPLICATION SLAVE and REPLICATION CLIENT, and names all that lack', async () => {
    const nobody = await createUser(db, server, [`SELECT (id) ON \`${schema}\`.t`]);
    const findings = await findingsOf(subtaskOf({ ...source, from: nobody }, mysqlDown, [schema]));
    expect(findings['source db dump privilege checker']).toEqual(['fail: lack of RELOAD, SELECT privilege']);
    expect(findings['source db replication privilege checker']).toEqual([
      'fail: lack of REPLICATION SLAVE, REPLICATION CLIENT privilege',
    ]);
  });

  it.each([
    [['RELOAD', 'REPLICATION SLAVE', 'REPLICATION CLIENT'], true],
    [['RELOAD', 'REPLICATION SLAVE'], false],
    [['RELOAD', 'REPLICATION CLIENT'], false],
  ])('with %j it passes: %s', async (globals, passes) => {
    const user = await createUser(db, server, [`${globals.join(', ')} ON *.*`, `SELECT ON \`${schema}\`.*`]);
    const report = await runCheck([subtaskOf({ ...source, from: user }, mysqlDown, [schema])]);
    expect(report.summary.passed, JSON.stringify(report.results.filter((r) => r.errors))).toBe(passes);
  });

  it('counts the privileges of active roles', async () => {
    const role = uniqueName('h_role').slice(0, 20);
    await db.query(`CREATE ROLE ${role}`);
    onFileEnd(async () => void (await db.query(`DROP ROLE ${role}`)));
    await db.query(`GRANT RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${role}`);
    await db.query(`GRANT SELECT ON \`${schema}\`.* TO ${role}`);
    const user = await createUser(db, server, []);
    await db.query(`GRANT ${role} TO '${user.user}'@'%'`);
    const before = await runCheck([subtaskOf({ ...source, from: user }, mysqlDown, [schema])]);
    expect(before.summary.passed).toBe(false);
    const preposition = server.flavor === 'mysql' ? 'TO' : 'FOR';
    await db.query(`SET DEFAULT ROLE ${role} ${preposition} '${user.user}'@'%'`);
    const after = await findingsOf(subtaskOf({ ...source, from: user }, mysqlDown, [schema]));
    expect(after).toEqual({});
  });

  it('asks for LOCK TABLES or nothing where the consistency wants that', async () => {
    const user = await createUser(db, server, [
      'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
      `SELECT ON \`${schema}\`.*`,
    ]);
    const of = (args: string) =>
      subtaskOf({ ...source, from: user }, mysqlDown, [schema], { instance: { mydumper: { 'extra-args': args } } });
    const checkName = 'source db dump privilege checker';
    expect((await findingsOf(of('--consistency none')))[checkName]).toBeUndefined();
    expect((await findingsOf(of('--consistency lock')))[checkName]).toEqual(['fail: lack of LOCK TABLES privilege']);
    expect((await findingsOf(of('--consistency flush')))[checkName]).toEqual(['fail: lack of RELOAD privilege']);
    await db.query(`GRANT LOCK TABLES ON \`${schema}\`.* TO '${user.user}'@'%'`);
    expect((await findingsOf(of('--consistency lock')))[checkName]).toBeUndefined();
    expect((await findingsOf(of('')))[checkName]).toEqual([
      'warn: lack of RELOAD privilege: the tables are locked one database after another instead',
    ]);
  });

  it('tells of tables without key, without snapshots, and of cascades that are not logged', async () => {
    await db.query(`CREATE TABLE \`${schema}\`.\`no\`\`key\` (a INT) CHARSET utf8mb4 COLLATE utf8mb4_general_ci`);
    await db.query(`CREATE TABLE \`${schema}\`.old (a INT PRIMARY KEY) ENGINE MyISAM`);
    await db.query(
      `CREATE TABLE \`${schema}\`.child (id INT PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p) REFERENCES t (id) ON DELETE CASCADE)`,
    );
    onFileEnd(async () => void (await db.query(`DROP TABLE IF EXISTS \`${schema}\`.child`)));
    const findings = await findingsOf(subtaskOf(source, mysqlDown, [schema]));
    expect(findings['table structure compatibility check']).toContain(
      `warn: table \`${schema}\`.\`no\`\`key\` primary/unique key does not exist`,
    );
    expect(findings['storage engines']).toEqual([
      `warn: table \`${schema}\`.\`old\` has engine MyISAM, which has no snapshots`,
    ]);
    // MySQL logs cascaded changes from 9.6 on.
    const expected = [`warn: changes that foreign key fk of table \`${schema}\`.\`child\` makes are not in the binlog`];
    expect(findings['foreign key cascades']).toEqual(server.flavor === 'mysql' ? undefined : expected);
  });

  it('has the start position, or says what it has instead', async () => {
    const at = (meta: object) =>
      subtaskOf(source, mysqlDown, [schema], { top: { 'task-mode': 'incremental' }, instance: { meta } });
    const [logs] = await db.query('SHOW BINARY LOGS');
    const { Log_name: checkName } = (logs as { Log_name: string }[])[0];
    expect((await findingsOf(at({ 'binlog-name': checkName, 'binlog-pos': 4 })))['start position']).toBeUndefined();
    expect((await findingsOf(at({ 'binlog-name': 'nothing.000001' })))['start position']).toEqual([
      expect.stringMatching(
        /^fail: the upstream has no binlog file nothing\.000001, which the task file's `meta` names; it has /,
      ),
    ]);
  });

  it('is not copied into itself', async () => {
    const findings = await findingsOf(subtaskOf(source, server, [schema]));
    expect(findings['same server']).toEqual(['fail: the upstream and the downstream are the same server']);
  });

  it('warns when nothing is selected', async () => {
    const findings = await findingsOf(subtaskOf(source, mysqlDown, ['no_such_database']));
    expect(Object.keys(findings)).toEqual(['table selection']);
  });

  it('leaves out what the task says, but connects all the same', async () => {
    const top = { 'ignore-checking-items': ['all'] };
    const report = await runCheck([subtaskOf(source, mysqlDown, [schema], { top })]);
    expect(report.summary.total).toBe(0);
    const wrong = { ...mysqlDown, password: 'wrong' };
    await expect(runCheck([subtaskOf(source, wrong, [schema], { top })])).rejects.toMatchObject({
      code: 26002,
      scope: 'downstream',
    });
  });
});

describe('a downstream', () => {
  it('must let its user write, in the databases of the task and the meta schema', async () => {
    const up = testServers().mysqlUp;
    const schema = await createDatabase(up, 'h_down');
    const db = await connectTo(up);
    await db.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY)`);
    const down = await connectTo(mysqlDown);
    dropAtEnd(mysqlDown, schema);
    const source = await sourceOf(up);
    const user = await createUser(down, mysqlDown, ['SELECT, INSERT, UPDATE ON *.*', `ALL ON \`h\\_check\\_meta\`.*`]);
    const name = 'target db privilege checker';
    expect((await findingsOf(subtaskOf(source, user, [schema])))[name]).toEqual([
      `fail: lack of DELETE, CREATE privilege on \`${schema}\`.*`,
      `warn: lack of ALTER, DROP, INDEX privilege on \`${schema}\`.*: such changes of tables will stop the task`,
    ]);
    await down.query(
      `GRANT DELETE, CREATE, ALTER, DROP, INDEX ON \`${schema.replaceAll('_', '\\_')}\`.* TO '${user.user}'@'%'`,
    );
    expect((await findingsOf(subtaskOf(source, user, [schema])))[name]).toBeUndefined();
  });

  it('need not know the time zone: the upstream must, where the dump has a condition', async () => {
    const { mysqlUp } = testServers();
    const schema = await createDatabase(mysqlUp, 'h_zone');
    const source = await sourceOf(mysqlUp);
    const zoneFindings = async (timezone: string, instance: Record<string, unknown>): Promise<string[] | undefined> => {
      const config = subtaskOf(source, mysqlDown, [schema], { top: { timezone }, instance });
      return (await findingsOf(config))['source db time zone'];
    };
    const [zones] = await (await connectTo(mysqlUp)).query("SELECT CONVERT_TZ(NOW(), '+00:00', 'Asia/Shanghai') AS z");
    const knows = (zones as { z: string | null }[])[0].z !== null;
    expect(await zoneFindings('Asia/Shanghai', {})).toBeUndefined();
    expect(await zoneFindings('+08:00', { mydumper: { where: 'id > 1' } })).toBeUndefined();
    expect(await zoneFindings('Asia/Shanghai', { mydumper: { where: 'id > 1' } })).toEqual(
      knows ? undefined : ['fail: the upstream does not know the time zone Asia/Shanghai'],
    );
  });

  it('must know the collations', async () => {
    const up = testServers().mysqlUp;
    const schema = await createDatabase(up, 'h_coll');
    const db = await connectTo(up);
    await db.query(
      `CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, v TEXT COLLATE utf8mb4_0900_ai_ci) COLLATE utf8mb4_bin`,
    );
    const source = await sourceOf(up);
    const { mariadbUp } = testServers();
    const findings = await findingsOf(subtaskOf(source, mariadbUp, [schema]));
    const [collations] = await (await connectTo(mariadbUp)).query("SHOW COLLATION LIKE 'utf8mb4_0900_ai_ci'");
    expect(findings['table structure compatibility check']).toEqual(
      (collations as unknown[]).length > 0
        ? undefined
        : [`fail: table \`${schema}\`.\`t\` has collation utf8mb4_0900_ai_ci, which the downstream does not know`],
    );
  });

  it('that holds rows already is told of, unless nothing is copied', async () => {
    const up = testServers().mysqlUp;
    const schema = await createDatabase(up, 'h_rows');
    await (await connectTo(up)).query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY)`);
    const down = await connectTo(mysqlDown);
    dropAtEnd(mysqlDown, schema);
    await down.query(`CREATE DATABASE \`${schema}\``);
    await down.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY)`);
    const config = { ...subtaskOf(await sourceOf(up), mysqlDown, [schema]), metaSchema: `${schema}_meta` };
    expect(await findingsOf(config)).toEqual({});
    await down.query(`INSERT INTO \`${schema}\`.t VALUES (1)`);
    expect(await findingsOf(config)).toEqual({
      'target tables': [
        `warn: table \`${schema}\`.\`t\` holds rows downstream already: the full copy stops at a key that is there`,
      ],
    });
    expect(await findingsOf({ ...config, taskMode: 'incremental' })).toEqual({});
    // An earlier run has loaded them: starting the task again copies nothing.
    dropAtEnd(mysqlDown, config.metaSchema);
    const meta = metaTables(config.metaSchema, config.task);
    await createMetaTables(down, meta);
    await down.query(new LoadCheckpoint(meta, config.sourceId).insertSql(1, []));
    expect(await findingsOf({ ...config, taskMode: 'full' })).toEqual({});
    expect(Object.keys(await findingsOf(config, { removeMeta: true }))).toEqual(['target tables']);
  });

  it('that is read-only is refused', async () => {
    const server = await startPrivateServer({ flavor: 'mysql', args: ['--super-read-only=ON'] });
    const findings = await findingsOf(subtaskOf(await sourceOf(testServers().mysqlUp), server, ['x']));
    expect(findings['target db read_only']).toEqual(['fail: super_read_only is ON in the downstream']);
  });

  it('that knows no case, or smaller packets, is told of; names that clash there are refused', async () => {
    const args = ['--lower-case-table-names=1', '--max-allowed-packet=1048576'];
    const server = await startPrivateServer({ flavor: 'mariadb', args });
    const up = testServers().mariadbUp;
    const schema = await createDatabase(up, 'h_case');
    const db = await connectTo(up);
    await db.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY)`);
    const config = subtaskOf(await sourceOf(up), server, [schema]);
    const findings = await findingsOf(config);
    expect(findings['lower_case_table_names']).toEqual([
      expect.stringContaining('warn: lower_case_table_names is 0 upstream and 1'),
    ]);
    expect(findings['max_allowed_packet']).toEqual([expect.stringContaining('upstream and 1048576 downstream')]);
    await db.query(`CREATE TABLE \`${schema}\`.T (id INT PRIMARY KEY)`);
    await expect(runCheck([config])).rejects.toMatchObject({
      code: 26001,
      message: `same table name in case-insensitive [same target table \`${schema}\`.\`T\` vs \`${schema}\`.\`t\`]`,
    });
  });
});

/** Removes all binlog files but the last. MariaDB keeps files until its storage engine has no more need of them. */
async function purgeOldLogs(db: Connection): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [rows] = await db.query('SHOW BINARY LOGS');
    const names = (rows as { Log_name: string }[]).map((row) => row.Log_name);
    if (names.length === 1) return;
    await db.query(`PURGE BINARY LOGS TO '${names.at(-1)}'`);
    await sleep(100);
  }
  throw new Error('the server does not purge its binlog');
}

describe('upstreams that cannot be followed', () => {
  it.each(['mysql', 'mariadb'] as const)('%s without binlog', async (flavor) => {
    const server = await startPrivateServer({ flavor, args: ['--skip-log-bin'] });
    const source = await sourceOf(server);
    const config = subtaskOf(source, mysqlDown, ['x']);
    const report = await runCheck([config]);
    expect(report.summary.passed).toBe(false);
    expect((await findingsOf(config))['mysql_binlog_enable']).toEqual(['fail: log_bin is OFF, and should be ON']);
    // A full copy does not need one.
    const full = await findingsOf(subtaskOf(source, mysqlDown, ['x'], { top: { 'task-mode': 'full' } }));
    expect(full['mysql_binlog_enable']).toBeUndefined();
  });

  it('mysql with STATEMENT, MINIMAL, PARTIAL_JSON, a short retention and no GTID: all at once', async () => {
    const server = await startPrivateServer({
      flavor: 'mysql',
      args: [
        '--binlog-format=STATEMENT',
        '--binlog-row-image=MINIMAL',
        '--binlog-row-value-options=PARTIAL_JSON',
        '--binlog-expire-logs-seconds=600',
        '--gtid-mode=OFF',
        '--enforce-gtid-consistency=OFF',
        '--binlog-ignore-db=hidden',
      ],
    });
    await expect(completeSource(definitionOf(server, { 'enable-gtid': true }))).rejects.toMatchObject({
      code: 26007,
      message: 'src has GTID_MODE = OFF instead of ON',
    });
    const source = { ...(await sourceOf(server)), enableGtid: true };
    const report = await runCheck([subtaskOf(source, mysqlDown, ['x'])]);
    const failed = report.results.filter((result) => result.state === 'fail').map((result) => result.name);
    expect(failed).toEqual(['mysql_binlog_format', 'mysql_binlog_row_image', 'mysql_gtid_mode']);
    const warned = report.results.filter((result) => result.state === 'warn').map((result) => result.name);
    expect(warned).toEqual([
      'mysql_binlog_row_value_options',
      'binlog retention',
      'binlog databases',
      'table selection',
    ]);
    expect(report.summary).toMatchObject({ failed: 3, warning: 4, total: report.results.length });
    const error = failedCheckError(report, { errors: 2, warnings: 0 });
    expect(error.code).toBe(26005);
    expect(error.message).toMatch(
      /^fail to check synchronization configuration with type: check was failed, please see detail\n detail: \{\n\t"results": \[/,
    );
    expect(error.message.match(/"severity"/g)).toHaveLength(2);
  });

  it('mariadb with MIXED and MINIMAL', async () => {
    const server = await startPrivateServer({
      flavor: 'mariadb',
      args: ['--binlog-format=MIXED', '--binlog-row-image=MINIMAL'],
    });
    const findings = await findingsOf(subtaskOf(await sourceOf(server), mysqlDown, ['x']));
    expect(findings['mysql_binlog_format']).toEqual(['fail: binlog_format is MIXED, and should be ROW']);
    expect(findings['mysql_binlog_row_image']).toEqual(['fail: binlog_row_image is MINIMAL, and should be FULL']);
  });

  it('mysql with server_id 0', async () => {
    const server = await startPrivateServer({ flavor: 'mysql', args: ['--server-id=0'] });
    const findings = await findingsOf(subtaskOf(await sourceOf(server), mysqlDown, ['x']));
    expect(findings['mysql_server_id']).toEqual(['fail: server_id is 0']);
  });

  it.each(['mysql', 'mariadb'] as const)('%s whose GTIDs were purged', async (flavor) => {
    const server = await startPrivateServer({ flavor });
    const db = await connectTo(server);
    for (let n = 0; n < 3; n++) {
      await db.query(`CREATE DATABASE d${n}`);
      await db.query('FLUSH BINARY LOGS');
    }
    await purgeOldLogs(db);
    const source = { ...(await sourceOf(server)), enableGtid: true };
    const at = (gtid: string) =>
      subtaskOf(source, mysqlDown, ['x'], {
        top: { 'task-mode': 'incremental' },
        instance: { meta: { 'binlog-gtid': gtid } },
      });
    const old = flavor === 'mysql' ? '3e11fa47-71ca-11e1-9e33-c80aa9429562:1' : '0-1-1';
    expect((await findingsOf(at(old)))['start position']).toEqual([
      expect.stringMatching(/^fail: the upstream has purged transactions that the task file's `meta` has not seen/),
    ]);
    expect((await findingsOf(at('rubbish')))['start position']).toEqual([expect.stringContaining('is not valid')]);
    const variable = flavor === 'mysql' ? '@@GLOBAL.gtid_executed' : '@@GLOBAL.gtid_binlog_pos';
    const [rows] = await db.query(`SELECT ${variable} AS g`);
    const now = (rows as { g: string }[])[0].g.replaceAll('\n', '');
    expect((await findingsOf(at(now)))['start position']).toBeUndefined();
  });
});

describe('servers that do not answer', () => {
  it('are all named, within ten seconds', async () => {
    const up = testServers().mysqlUp;
    const source = await sourceOf(up);
    const wrong = { ...source, from: { ...source.from, password: 'wrong' } };
    const nowhere = { ...mysqlDown, host: 'no-such-host.invalid' };
    const started = Date.now();
    await expect(runCheck([subtaskOf(wrong, nowhere, ['x'])])).rejects.toMatchObject({
      code: 26002,
      scope: 'downstream',
      message: `failed to open DSN root:***@no-such-host.invalid:${mysqlDown.port}`,
      rawCause: expect.stringMatching(/ENOTFOUND.*also failed to open DSN root:\*\*\*@127\.0\.0\.1:\d+ .*Error 1045/),
    });
    await expect(completeSource(definitionOf({ ...up, port: 1 }))).rejects.toMatchObject({
      code: 26002,
      scope: 'upstream',
    });
    await expect(completeSource(definitionOf(up, { flavor: 'mariadb' }))).rejects.toMatchObject({ code: 20003 });
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});
