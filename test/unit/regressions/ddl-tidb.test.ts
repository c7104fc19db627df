/** DDL towards TiDB, with answers as TiDB gives them: no TiDB is at hand where these tests run. */
import { describe, expect, test } from 'vitest';
import { readStatement } from '../../../src/ddl/index.js';
import { SAME_NAMES } from '../../../src/filter/router.js';
import { createLogger } from '../../../src/log/logger.js';
import { Fence } from '../../../src/meta/fence.js';
import { metaTables } from '../../../src/meta/tables.js';
import { openConnection } from '../../../src/mysql/connect.js';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import type { DdlIntent } from '../../../src/sync/checkpoint/checkpoint.js';
import type { DdlPart } from '../../../src/sync/ddl/ddl-plan.js';
import { DdlRunner } from '../../../src/sync/ddl/ddl-runner.js';
import type { QueryEvent } from '../../../src/sync/events.js';
import { describeDownstream } from '../../../src/sync/start/servers.js';
import { FakeServer, type Answer } from '../../support/fake-server.js';

const VERSION = '8.0.11-TiDB-v7.5.1';
const config = (server: FakeServer) => ({ host: '127.0.0.1', port: server.port, user: 'root', password: '' });

/** A runner of a task whose downstream is the server. `intents` are those that it stored. */
function runner(server: FakeServer, retryMs = 20_000): { ddl: DdlRunner; intents: (DdlIntent | undefined)[] } {
  const intents: (DdlIntent | undefined)[] = [];
  const never = new AbortController().signal;
  const ddl = new DdlRunner({
    to: config(server),
    fence: new Fence(metaTables('meta', 'task'), 'source', 1),
    plan: {
      flavor: 'mysql',
      serverVersion: 80036,
      mapping: SAME_NAMES,
      splitAlways: false,
      dropIndexExistence: true,
      dropForeignOptions: true,
      leavesMariadb: false,
    },
    logger: createLogger({ level: 'error', write: () => undefined }),
    upstreamOffset: '+00:00',
    isTiDB: true,
    hasUtf8mb4Default: false,
    upstream: defaultProfile('mysql', '8.0.36'),
    retryMs,
    mayWrite: () => true,
    dead: never,
    ending: never,
    saveIntent: async (intent) => void intents.push(intent),
    intentCheckSql: (marker) => `SELECT '${marker}'`,
  });
  return { ddl, intents };
}

function part(sql: string): DdlPart {
  const statement = readStatement(sql, { flavor: 'mysql', defaultSchema: 'db' });
  return { statement, sql };
}

const place = { name: 'bin.000001', pos: 4 };
const event: QueryEvent = {
  type: 'query',
  start: place,
  end: place,
  timestamp: 0,
  schema: 'db',
  sql: '',
  inTransaction: false,
};

const ALTER = 'ALTER TABLE db.t ADD INDEX k (a)';
const CREATED = 'CREATE TABLE `t` (`a` int)';
const job = (state: string): Answer => [{ JOB_ID: '7', DB_NAME: 'DB', TABLE_NAME: 't', STATE: state }];

/** TiDB with a table whose first ALTER loses its connection; the job goes through the states, one at each look. */
function withJob(states: readonly string[], answers: (sql: string) => Answer | undefined = () => undefined) {
  let sent = 0;
  let look = 0;
  let current = '';
  return FakeServer.start(VERSION, (sql): Answer => {
    const own = answers(sql);
    if (own !== undefined) return own;
    if (sql.includes('PROCESSLIST')) return [];
    if (sql.includes('SHOW DDL JOBS')) {
      current = states[Math.min(look++, states.length - 1)] ?? 'synced';
      return job(current);
    }
    if (sql.startsWith('SHOW CREATE TABLE')) {
      const done = current === 'synced' || sent > 1;
      return [{ Table: 't', 'Create Table': done ? `${CREATED} KEY` : CREATED }];
    }
    if (sql.includes('ALTER TABLE')) return ++sent === 1 ? 'reset' : 'ok';
    return 'ok';
  });
}

describe('a DDL of which the connection is lost', () => {
  test.concurrent.each([
    'none',
    'queueing',
    'running',
    'done',
    'rollingback',
    'cancelling',
    'pausing',
    'paused',
    'of the future',
  ])('is waited for while its job is %s', async (state) => {
    const server = await withJob([state, 'synced']);
    const { ddl } = runner(server);
    await ddl.execute([part(ALTER)], event, 1, undefined);
    expect(server.asked('SHOW DDL JOBS')).toHaveLength(2);
    expect(server.asked('ADD INDEX')).toHaveLength(1);
    ddl.close();
  });

  test.concurrent.each(['cancelled', 'rollback done'])('is repeated when its job ended as %s', async (state) => {
    const server = await withJob(['running', state]);
    const { ddl, intents } = runner(server);
    await ddl.execute([part(ALTER)], event, 1, undefined);
    expect(server.asked('ADD INDEX')).toHaveLength(2);
    const markers = intents.map((intent) => intent?.sent?.marker);
    expect(new Set(markers).size).toBe(2);
    expect(server.asked('ADD INDEX').map((sql) => /dm-\w+/.exec(sql)?.[0])).toEqual(markers);
    ddl.close();
  });

  test('is looked after also when it has run for longer than trouble is waited out', async () => {
    let sent = 0;
    const server = await withJob(['running', 'synced'], (sql) => {
      return sql.includes('ALTER TABLE') && ++sent === 1 ? { resetAfter: 1_500 } : undefined;
    });
    const { ddl } = runner(server, 1_200);
    await ddl.execute([part(ALTER)], event, 1, undefined);
    expect(server.asked('ADD INDEX')).toHaveLength(1);
    ddl.close();
  });

  test('is repeated where the jobs may not be seen, and then there already', async () => {
    let sent = 0;
    const server = await withJob([], (sql) => {
      if (sql.includes('SHOW DDL JOBS')) return { errno: 8121, message: 'privilege check for SUPER fail' };
      if (!sql.includes('ALTER TABLE')) return undefined;
      return ++sent === 1 ? 'reset' : { errno: 1061, message: 'index already exist k' };
    });
    const { ddl } = runner(server);
    await ddl.execute([part(ALTER)], event, 1, undefined);
    expect(server.asked('ADD INDEX')).toHaveLength(2);
    ddl.close();
  });
});

describe('several changes in one statement', () => {
  const BOTH = 'ALTER TABLE db.t ADD COLUMN b INT, ADD INDEX kb (b)';

  test('are sent together, and one by one when TiDB does not take them so', async () => {
    const server = await withJob(['synced'], (sql) => {
      if (sql.includes('ADD COLUMN') && sql.includes('ADD INDEX')) {
        return { errno: 1072, message: "Key column 'b' doesn't exist in table" };
      }
      return sql.includes('ALTER TABLE') ? 'ok' : undefined;
    });
    const { ddl } = runner(server);
    await ddl.execute([part(BOTH)], event, 1, undefined);
    const sent = server.asked('ALTER TABLE').map((sql) => sql.slice(sql.indexOf('ALTER TABLE')));
    expect(sent).toEqual([
      'ALTER TABLE db.t ADD COLUMN b INT, ADD INDEX kb (b)',
      'ALTER TABLE `db`.`t` ADD COLUMN b INT',
      'ALTER TABLE `db`.`t` ADD INDEX kb (b)',
    ]);
    ddl.close();
  });

  test('of which one is refused: the next run begins with that one', async () => {
    let cured = false;
    const server = await withJob(['synced'], (sql) => {
      if (!sql.includes('ALTER TABLE')) return undefined;
      if (sql.includes('ADD COLUMN') && sql.includes('ADD INDEX'))
        return { errno: 8200, message: 'Unsupported operate same column' };
      return sql.includes('ADD INDEX') && !cured ? { errno: 8200, message: 'Unsupported index' } : 'ok';
    });
    const first = runner(server);
    await expect(first.ddl.execute([part(BOTH)], event, 1, undefined)).rejects.toMatchObject({ code: 10006 });
    first.ddl.close();
    cured = true;
    server.requests.length = 0;
    const second = runner(server);
    await second.ddl.execute([part(BOTH)], event, 1, first.intents.at(-1));
    expect(server.asked('ALTER TABLE').map((sql) => sql.slice(sql.indexOf('ALTER TABLE')))).toEqual([
      'ALTER TABLE `db`.`t` ADD INDEX kb (b)',
    ]);
    second.ddl.close();
  });

  test.each([
    ['5.7.25-TiDB-v5.4.3', true],
    ['5.7.25-TiDB-v6.1.7', true],
    ['5.7.25-TiDB-v6.2.0', false],
    ['8.0.11-TiDB-v8.5.0', false],
    ['8.0.36', false],
  ])('are split beforehand for %s: %s', async (version, splits) => {
    const server = await FakeServer.start(version, (sql): Answer => {
      if (sql.includes('VERSION()')) return [{ version }];
      if (sql.includes('VARIABLES')) return [{ Variable_name: 'version', Value: version }];
      return sql.startsWith('SELECT') ? [] : 'ok';
    });
    const connection = await openConnection(config(server), { role: 'downstream' });
    expect(await describeDownstream(connection)).toMatchObject({ splitsAlter: splits });
    connection.destroy();
  });
});
