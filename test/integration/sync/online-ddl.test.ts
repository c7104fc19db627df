import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OnlineDdlConfig, SubtaskConfig } from '../../../src/config/types.js';
import { removeMeta } from '../../../src/meta/task-meta.js';
import { run } from '../../../tools/parts/command.js';
import { resolvePtOsc } from '../../../tools/parts/schema-tools.js';
import { dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { build, ChildUnit } from './child-unit.js';
import {
  expectEqual,
  makeFixture,
  position,
  replicate,
  RunningUnit,
  type Fixture,
  type UpstreamName,
} from './harness.js';

const onlineDdl: OnlineDdlConfig = {
  shadowTableRules: ['^_(.+)_(?:new|gho)$'],
  trashTableRules: ['^_(.+)_(?:ghc|del|old)$'],
};

const COLUMNS = '(id INT AUTO_INCREMENT PRIMARY KEY, v INT) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci';

/** The statements of a run of gh-ost 1.1, rows of its own included, in the order in which they get into the binlog. */
class GhOst {
  readonly #up: Connection;
  readonly #table: string;

  constructor(up: Connection, table = 't') {
    this.#up = up;
    this.#table = table;
  }

  async begin(alter: string): Promise<void> {
    const table = this.#table;
    await this.#query(`drop /* gh-ost */ table if exists \`_${table}_gho\``);
    await this.#query(`drop /* gh-ost */ table if exists \`_${table}_del\``);
    await this.#query(`drop /* gh-ost */ table if exists \`_${table}_ghc\``);
    await this.#query(
      `create /* gh-ost */ table \`_${table}_ghc\` (id bigint unsigned auto_increment, last_update timestamp not null ` +
        'DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, hint varchar(64) charset ascii not null, ' +
        'value varchar(4096) charset ascii not null, primary key(id), unique key hint_uidx(hint)) auto_increment=256',
    );
    await this.#query(`create /* gh-ost */ table \`_${table}_gho\` like \`${table}\``);
    await this.#query(`alter /* gh-ost */ table \`_${table}_gho\` ${alter}`);
    await this.#query(
      `insert /* gh-ost */ into \`_${table}_ghc\` (id, hint, value) values (NULLIF(2, 0), 'state', 'GhostTableMigrated') ` +
        'on duplicate key update last_update=NOW(), value=VALUES(value)',
    );
  }

  async copy(columns = 'id, v'): Promise<void> {
    const table = this.#table;
    await this.#query(
      `insert /* gh-ost \`${table}\` */ ignore into \`_${table}_gho\` (${columns}) (select ${columns} from \`${table}\` lock in share mode)`,
    );
  }

  async cutOver(): Promise<void> {
    const table = this.#table;
    await this.#query(
      `create /* gh-ost */ table \`_${table}_del\` (id int auto_increment primary key) engine=InnoDB comment='ghost-cut-over-sentry'`,
    );
    await this.#query(`drop /* gh-ost */ table if exists \`_${table}_del\``);
    await this.#query(`rename /* gh-ost */ table \`${table}\` to \`_${table}_del\`, \`_${table}_gho\` to \`${table}\``);
    await this.#query(`drop /* gh-ost */ table \`_${table}_ghc\``);
    await this.#query(`drop /* gh-ost */ table \`_${table}_del\``);
  }

  async #query(sql: string): Promise<void> {
    await this.#up.query(sql);
  }
}

async function prepared(server: UpstreamName, more: Partial<SubtaskConfig> = {}): Promise<Fixture> {
  const fixture = await makeFixture(server, { onlineDdl, ...more });
  await fixture.up.query(`CREATE TABLE t ${COLUMNS}`);
  await fixture.up.query('INSERT INTO t (v) VALUES (1), (2), (3)');
  return fixture;
}

async function sync({ config, up }: Fixture): Promise<void> {
  const unit = new RunningUnit(config);
  try {
    await unit.synced(up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
}

async function names(connection: Connection, sql: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows.flatMap((row) => Object.values(row).map(String));
}

function recorded({ down, config }: Fixture): Promise<string[]> {
  return names(down, `SELECT ghost_table FROM \`${config.metaSchema}\`.t_onlineddl WHERE id = '${config.sourceId}'`);
}

const indexesOf = (database: string): string =>
  `SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = 't' ORDER BY 1`;

/** Whether the statement was executed; the tool's own copying may be in its way. */
async function writes(up: Connection, sql: string): Promise<boolean> {
  try {
    await up.query(sql);
    return true;
  } catch (error) {
    if ((error as { errno?: number }).errno !== ER_LOCK_DEADLOCK) throw error;
    return false;
  }
}

const ER_LOCK_DEADLOCK = 1213;

beforeAll(build);

describe.each<UpstreamName>(['mysqlUp', 'mariadbUp'])('the statements of gh-ost on %s', (server) => {
  test('ON-10, ON-13: an aborted run, a restart and a whole run, while rows are written', async () => {
    const fixture = await prepared(server);
    const { up, down, database } = fixture;
    const first = new GhOst(up);
    await first.begin('ADD COLUMN aborted INT');
    await first.copy();
    await sync(fixture);
    expect(await recorded(fixture)).toEqual(['_t_gho']);
    const second = new GhOst(up);
    await second.begin('ADD COLUMN c INT NOT NULL DEFAULT 5, ADD INDEX (v)');
    await up.query('INSERT INTO t (v) VALUES (4)');
    await second.copy();
    await sync(fixture);
    await up.query('UPDATE t SET v = 40 WHERE id = 4');
    await up.query('UPDATE _t_gho SET v = 40 WHERE id = 4');
    await second.cutOver();
    await up.query('INSERT INTO t (v, c) VALUES (5, 6)');
    await replicate(fixture);
    expect(await recorded(fixture)).toEqual([]);
    expect(await names(down, `SHOW TABLES FROM \`${database}\``)).toEqual(['t']);
    expect(await names(down, indexesOf(database))).toEqual(['PRIMARY', 'v']);
  });
});

describe('a run of gh-ost', () => {
  test('ON-12: is followed once, wherever the process is killed', async () => {
    const fixture = await prepared('mysqlUp');
    const { up, down, database } = fixture;
    await sync(fixture);
    const tool = new GhOst(up);
    // Indexes without a name: executed twice, there would be two.
    await tool.begin('ADD INDEX (v)');
    await up.query('CREATE INDEX second ON _t_gho (v, id)');
    await tool.copy();
    await tool.cutOver();
    await up.query('INSERT INTO t (v) VALUES (9)');
    const afterRecords = Array.from({ length: 4 }, () => 'ddl.before-new-flush=crash');
    for (const fault of [
      'ddl.before-save=crash@2',
      ...afterRecords.slice(0, 2),
      'ddl.before-save=crash',
      'sync.flush-before-commit=crash@2',
      ...afterRecords.slice(0, 1),
      'ddl.before-execute=crash@2',
      'ddl.before-execute=crash',
      'ddl.before-save=crash',
      'ddl.before-new-flush=crash',
    ]) {
      const child = new ChildUnit(fixture.config, fault);
      expect((await child.end).signal, `${fault}: ${child.stderr}`).toBe('SIGKILL');
    }
    await replicate(fixture);
    expect(await recorded(fixture)).toEqual([]);
    expect(new Set(await names(down, indexesOf(database)))).toEqual(new Set(['PRIMARY', 'second', 'v']));
  });

  test('OND-05: what the downstream refuses stays recorded', async () => {
    const fixture = await prepared('mysqlUp');
    const { up, down, database } = fixture;
    await sync(fixture);
    const tool = new GhOst(up);
    await tool.begin('ADD COLUMN c INT');
    await tool.copy();
    await tool.cutOver();
    await up.query('INSERT INTO t (v, c) VALUES (9, 9)');
    await down.query(`RENAME TABLE \`${database}\`.t TO \`${database}\`.away`);
    await expect(new RunningUnit(fixture.config).result).rejects.toMatchObject({ code: 10006 });
    expect(await recorded(fixture)).toEqual(['_t_gho']);
    await down.query(`RENAME TABLE \`${database}\`.away TO \`${database}\`.t`);
    await replicate(fixture);
  });

  test('CKP-06: --remove-meta removes what is recorded', async () => {
    const fixture = await prepared('mysqlUp');
    await new GhOst(fixture.up).begin('ADD COLUMN c INT');
    await sync(fixture);
    expect(await recorded(fixture)).toEqual(['_t_gho']);
    await removeMeta(fixture.config);
    expect(await names(fixture.down, `SHOW TABLES FROM \`${fixture.config.metaSchema}\``)).toEqual([]);
  });

  test('ON-14: begun before replication is an error at its end', async () => {
    const fixture = await makeFixture('mysqlUp', { onlineDdl });
    const { up, config } = fixture;
    await up.query(`CREATE TABLE t ${COLUMNS}`);
    const tool = new GhOst(up);
    await tool.begin('ADD COLUMN c INT');
    const meta = await position(up);
    await tool.cutOver();
    const unit = new RunningUnit({ ...config, meta });
    await expect(unit.result).rejects.toMatchObject({ code: 36046 });
  });

  test('is filtered by the list for its table, recorded for its own name, and routed', async () => {
    const target = uniqueName('o_to');
    dropAtEnd(testServers().mysqlDown, target);
    const fixture = await prepared('mysqlUp');
    const { up, down, database } = fixture;
    await up.query(`CREATE TABLE hidden ${COLUMNS}`);
    const config: SubtaskConfig = {
      ...fixture.config,
      blockAllowList: { doTables: [{ dbName: database, tblName: 't' }] },
      routes: [{ name: 'r', schemaPattern: 'e_sync*', targetSchema: target }],
    };
    for (const table of ['t', 'hidden']) {
      const tool = new GhOst(up, table);
      await tool.begin('ADD COLUMN c INT DEFAULT 8');
      await tool.copy();
      await tool.cutOver();
    }
    await up.query('INSERT INTO t (v, c) VALUES (9, 9)');
    await sync({ ...fixture, config });
    expect(await names(down, `SHOW TABLES FROM \`${target}\``)).toEqual(['t']);
    expect(await names(down, `SELECT c FROM \`${target}\`.t ORDER BY id`)).toEqual(['8', '8', '8', '9']);
  });

  test('rules of the user tell other names; without online-ddl its tables are replicated like others', async () => {
    const rules = { shadowTableRules: ['^_(.+)_pcnew$'], trashTableRules: ['^_(.+)_pcold$'] };
    const fixture = await prepared('mysqlUp', { onlineDdl: rules });
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE _t_pcnew LIKE t');
    await up.query('ALTER TABLE _t_pcnew ADD COLUMN c INT');
    await up.query('INSERT INTO _t_pcnew (id, v) SELECT id, v FROM t');
    await up.query('RENAME TABLE t TO _t_pcold, _t_pcnew TO t');
    await sync(fixture);
    expect(await names(down, `SHOW TABLES FROM \`${database}\``)).toEqual(['t']);
    await up.query('DROP TABLE _t_pcold');
    await replicate(fixture);
    const { onlineDdl: _off, ...plain } = config;
    const tool = new GhOst(up);
    await tool.begin('ADD COLUMN d INT');
    await tool.copy();
    await sync({ ...fixture, config: plain });
    expect(await names(down, `SHOW TABLES FROM \`${database}\``)).toEqual(['_t_ghc', '_t_gho', 't']);
    await tool.cutOver();
    await replicate({ ...fixture, config: plain });
  });
});

describe.each<UpstreamName>(['mysqlUp', 'mariadbUp'])('pt-online-schema-change on %s', (server) => {
  test('ON-11: changes a table that is written to', async () => {
    const tool = await resolvePtOsc();
    const fixture = await prepared(server);
    const { up, down, database, config } = fixture;
    for (let i = 0; i < 6; i++) await up.query('INSERT INTO t (v) SELECT v + 1 FROM t');
    const unit = new RunningUnit(config);
    const { host, port, user, password } = config.from;
    await up.query('CREATE TABLE p (id INT PRIMARY KEY)');
    await up.query('CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT c_f FOREIGN KEY (p) REFERENCES p (id))');
    const change = async (alter: string, table = 't'): Promise<void> => {
      const dsn = `h=${host},P=${port},u=${user},p=${password},D=${database},t=${table}`;
      const options = [
        '--execute',
        '--recursion-method=none',
        '--no-version-check',
        '--chunk-size=50',
        '--alter',
        alter,
      ];
      const running = run(tool.command, [...tool.args, ...options, dsn], {
        timeoutMs: 60_000,
        ...(tool.env && { env: tool.env }),
      });
      const tools = { running: true };
      const ended = running.finally(() => {
        tools.running = false;
      });
      let written = 0;
      for (let i = 0; tools.running; i++) {
        for (const sql of [
          `INSERT INTO t (v) VALUES (${i}), (${i})`,
          `UPDATE t SET v = v + 1 WHERE id % 10 = ${i % 10}`,
          `DELETE FROM t WHERE id % 17 = ${i % 17} LIMIT 2`,
        ]) {
          written += (await writes(up, sql)) ? 1 : 0;
        }
      }
      expect(written).toBeGreaterThan(10);
      await ended;
    };
    try {
      await change('ADD COLUMN c3 INT NOT NULL DEFAULT 7, MODIFY v BIGINT, ADD INDEX (v)');
      await change('DROP COLUMN c3, ENGINE=InnoDB');
      // Under the name that the tool gives the constraint.
      await change('DROP FOREIGN KEY _c_f, ADD COLUMN d INT', 'c');
      await up.query('INSERT INTO c VALUES (1, 1, 1)');
      await unit.synced(up);
    } finally {
      await unit.stop().catch(() => undefined);
    }
    await expectEqual(fixture);
    expect(await names(down, `SHOW TABLES FROM \`${database}\``)).toEqual(['c', 'p', 't']);
    expect(await recorded(fixture)).toEqual([]);
  });
});
