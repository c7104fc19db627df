import { describe, expect, test } from 'vitest';
import type {
  BlockAllowList,
  EventFilterRule,
  OnlineDdlConfig,
  RouteRule,
  SubtaskConfig,
} from '../../../src/config/types.js';
import { createEventFilter } from '../../../src/filter/event-filter.js';
import { createRouter } from '../../../src/filter/router.js';
import { metaTables } from '../../../src/meta/tables.js';
import { countingFilters } from '../../../src/sync/counting-filter.js';
import type { QueryEvent } from '../../../src/sync/events.js';
import { OnlineRecords } from '../../../src/sync/ddl/online-ddl.js';
import { planEvent, type EventPlan } from '../../../src/sync/ddl/online-ddl-plan.js';

const ONLINE: OnlineDdlConfig = {
  shadowTableRules: ['^_(.+)_(?:new|gho)$'],
  trashTableRules: ['^_(.+)_(?:ghc|del|old)$'],
};

interface Options {
  rules?: BlockAllowList;
  filters?: EventFilterRule[];
  routes?: RouteRule[];
  online?: OnlineDdlConfig | undefined;
}

/** A stream of statements; `log` is what the downstream would execute. */
class Stream {
  readonly log: string[] = [];
  readonly plans: EventPlan[] = [];
  records = new OnlineRecords(metaTables('dm_meta', 'test'), 'source-1', false);
  readonly #options: Options;
  #pos = 4;

  constructor(options: Options = {}) {
    this.#options = options;
  }

  run(...statements: (string | [sql: string, more: Partial<QueryEvent>])[]): this {
    for (const statement of statements) {
      const [sql, more] = typeof statement === 'string' ? [statement, {}] : statement;
      this.execute(sql, more);
    }
    return this;
  }

  execute(sql: string, more: Partial<QueryEvent> = {}): EventPlan {
    const { rules, filters, routes, online = ONLINE } = this.#options;
    const config = { caseSensitive: true, blockAllowList: rules, onlineDdl: online } as Partial<SubtaskConfig>;
    const checkpoint = { applied: [], appliedSeq: 0, seq: 0, filter: undefined };
    const { current } = countingFilters(config as SubtaskConfig, checkpoint, false);
    const start = { name: 'bin.000001', pos: (this.#pos += 100) };
    const event: QueryEvent = {
      type: 'query',
      start,
      end: start,
      timestamp: this.#pos,
      schema: 'test',
      sql,
      inTransaction: false,
      ...more,
    };
    const plan = planEvent(
      event,
      {
        flavor: 'mysql',
        serverVersion: 80036,
        filter: current.tables,
        events: createEventFilter(filters),
        mapping: createRouter(routes, true),
        splitAlways: false,
        dropIndexExistence: false,
        dropForeignOptions: false,
        leavesMariadb: false,
      },
      {
        tables: current.online,
        passes: (schema, table) => current.passesOnline(schema, table),
        record: (schema, table) => this.records.get(schema, table),
        caseSensitive: true,
      },
    );
    this.plans.push(plan);
    if (plan.action === 'apply') {
      this.records.apply(plan.online);
      for (const {
        plan: { ...own },
      } of plan.statements) {
        if (own.action === 'execute') this.log.push(...own.parts.map((part) => part.sql));
      }
    }
    return plan;
  }

  recorded(table: string): string[] | undefined {
    return this.records.get('test', table)?.ddls.map(({ sql }) => sql);
  }
}

const GH_OST = {
  ghc:
    'Create /* gh-ost */ table `test`.`_test4_ghc` (id bigint auto_increment, last_update timestamp not null DEFAULT ' +
    'CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, hint varchar(64) charset ascii not null, value varchar(4096) ' +
    'charset ascii not null, primary key(id), unique key hint_uidx(hint)) auto_increment=256 ;',
  gho: 'Create /* gh-ost */ table `test`.`_test4_gho` like `test`.`test4` ;',
  alter: 'Alter /* gh-ost */ table `test`.`_test4_gho` add column cl1 varchar(20) not null ;',
  rename: 'Rename /* gh-ost */ table `test`.`test4` to `test`.`_test4_del`, `test`.`_test4_gho` to `test`.`test4`;',
};
const GH_OST_RESULT = 'Alter /* gh-ost */ table `test`.`test4` add column cl1 varchar(20) not null';

const PT = {
  create:
    'CREATE TABLE `test`.`_test4_new` (id int(11) NOT NULL AUTO_INCREMENT, date date DEFAULT NULL, cl2 varchar(20) ' +
    'COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (id) ) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4',
  alter: 'ALTER TABLE `test`.`_test4_new` add column c3 int;',
  triggers: ['DELETE', 'UPDATE', 'INSERT'].map(
    (event) =>
      `CREATE TRIGGER \`pt_osc_test_test4_${event.slice(0, 3).toLowerCase()}\` AFTER ${event} ON \`test\`.\`test4\` FOR EACH ROW SET @a = 1`,
  ),
  rename: 'RENAME TABLE `test`.`test4` TO `test`.`_test4_old`, `test`.`_test4_new` TO `test`.`test4`',
  drops: [
    'DROP TABLE IF EXISTS `test`.`_test4_old`',
    'DROP TRIGGER IF EXISTS `test`.`pt_osc_test_test4_del`',
    'DROP TRIGGER IF EXISTS `test`.`pt_osc_test_test4_upd`',
  ],
};
const PT_RESULT = 'ALTER TABLE `test`.`test4` add column c3 int';

describe('the sequences of the tools', () => {
  test('ON-10: gh-ost', () => {
    const stream = new Stream().run(GH_OST.ghc, GH_OST.gho, GH_OST.alter);
    expect(stream.log).toEqual([]);
    expect(stream.recorded('_test4_gho')).toHaveLength(1);
    stream.run(GH_OST.rename);
    expect(stream.log).toEqual([GH_OST_RESULT]);
    expect(stream.recorded('_test4_gho')).toBeUndefined();
    stream.run('drop /* gh-ost */ table if exists `test`.`_test4_ghc`', 'drop table if exists `test`.`_test4_del`');
    expect(stream.log).toEqual([GH_OST_RESULT]);
  });

  test('ON-10: gh-ost with its sentry table and the exchange in two steps', () => {
    const stream = new Stream().run(
      GH_OST.ghc,
      GH_OST.gho,
      GH_OST.alter,
      "create /* gh-ost */ table `test`.`_test4_del` (id int auto_increment primary key) engine=InnoDB comment='ghost-cut-over-sentry'",
      'drop /* gh-ost */ table `test`.`_test4_del`',
      'alter /* gh-ost */ table `test`.`test4` rename `_test4_del`',
      'alter /* gh-ost */ table `test`.`_test4_gho` rename `test4`',
    );
    expect(stream.log).toEqual([GH_OST_RESULT]);
  });

  test('ON-11: pt-online-schema-change', () => {
    const stream = new Stream().run(PT.create, PT.alter, ...PT.triggers, PT.rename, ...PT.drops);
    expect(stream.log).toEqual([PT_RESULT]);
  });

  test('ON-12: what was recorded is read again after a restart', async () => {
    const stream = new Stream().run(GH_OST.gho, [GH_OST.alter, { sqlMode: 1n << 22n, timeZone: '+02:00' }]);
    const [sql] = stream.records.statements().slice(-1);
    const json = /VALUES \('source-1', 'test', '_test4_gho', '(.*)'\)$/s.exec(sql ?? '')?.[1] ?? '';
    const ddls = json.replaceAll(/\\(.)/g, '$1');
    expect(JSON.parse(ddls)).toMatchObject({ schema: 'test', table: 'test4', ddls: [GH_OST.alter.slice(0, -2)] });
    stream.records = new OnlineRecords(metaTables('dm_meta', 'test'), 'source-1', false);
    const row = { ghost_schema: 'test', ghost_table: '_test4_gho', ddls };
    await stream.records.load({ query: async () => [[row], []] });
    const plan = stream.execute(GH_OST.rename);
    expect(stream.log).toEqual([GH_OST_RESULT]);
    const session = plan.action === 'apply' ? plan.statements[0]?.session : undefined;
    expect(session).toMatchObject({ sqlMode: 1n << 22n, timeZone: '+02:00', timestamp: 204 });
  });

  test('ON-12: records of DM itself, which have no sessions, are understood', async () => {
    const stream = new Stream();
    const ddls = JSON.stringify({
      schema: 'test',
      table: 'test4',
      ddls: ['ALTER TABLE `test`.`_test4_gho` ADD COLUMN `a` INT'],
    });
    await stream.records.load({ query: async () => [[{ ghost_schema: 'test', ghost_table: '_test4_gho', ddls }], []] });
    expect(stream.run(GH_OST.rename).log).toEqual(['ALTER TABLE `test`.`test4` ADD COLUMN `a` INT']);
  });

  test('ON-13: an aborted run leaves nothing to the next one', () => {
    const other = 'alter table `test`.`_test4_gho` add column other int';
    const stream = new Stream().run(GH_OST.ghc, GH_OST.gho, GH_OST.alter, GH_OST.ghc, GH_OST.gho, other, GH_OST.rename);
    expect(stream.log).toEqual(['alter table `test`.`test4` add column other int']);
  });

  test('ON-14: a start within a run is an error at its end', () => {
    expect(() => new Stream().run(GH_OST.rename)).toThrow(expect.objectContaining({ code: 36046 }) as Error);
    const created = new Stream().run(GH_OST.gho);
    expect(() => created.run(GH_OST.rename)).toThrow(expect.objectContaining({ code: 36046 }) as Error);
  });

  test('ON-15: several statements on the ghost table keep their order', () => {
    const stream = new Stream().run(GH_OST.gho, GH_OST.alter, 'create index k on _test4_gho (cl1)', GH_OST.rename);
    expect(stream.log).toEqual([GH_OST_RESULT, 'create index k on `test`.`test4` (cl1)']);
  });

  test('ON-16: both tools in one task', () => {
    const b = (sql: string): string => sql.replaceAll('test4', 'b');
    const stream = new Stream().run(GH_OST.gho, b(PT.create), GH_OST.alter, b(PT.alter), b(PT.rename), GH_OST.rename);
    expect(stream.log).toEqual([b(PT_RESULT), GH_OST_RESULT]);
  });
});

describe('the decision table', () => {
  const prepared = (): Stream => new Stream().run(GH_OST.gho, GH_OST.alter);

  test.each([
    ['CREATE TABLE test4 (a INT)', 1],
    ['ALTER TABLE test4 ADD b INT', 1],
    ['DROP TABLE test4', 1],
    ['RENAME TABLE test4 TO test5', 1],
    ['CREATE TABLE _test4_del (a INT)', 0],
    ['ALTER TABLE _test4_del ADD b INT', 0],
    ['DROP TABLE _test4_del', 0],
    ['TRUNCATE TABLE _test4_gho', 0],
    ['RENAME TABLE test4 TO _test4_del', 0],
    ['RENAME TABLE _test4_del TO _test4_old', 0],
    ['DROP TABLE _test4_del, _test4_gho', 0],
  ])('%s: %i executed', (sql, count) => {
    expect(prepared().run(sql).log).toHaveLength(count);
  });

  test.each([
    ['CREATE TABLE _test4_gho (a INT)'],
    ['DROP TABLE _test4_gho'],
    ['RENAME TABLE _test4_gho TO _test4_del'],
  ])('%s clears the record', (sql) => {
    expect(prepared().run(sql).recorded('_test4_gho')).toBeUndefined();
  });

  test.each([
    ['ALTER TABLE _test4_gho ADD b INT'],
    ['CREATE INDEX k ON _test4_gho (a)'],
    ['DROP INDEX k ON _test4_gho'],
  ])('%s is recorded', (sql) => {
    expect(prepared().run(sql).recorded('_test4_gho')).toEqual([GH_OST.alter.slice(0, -2), sql]);
  });

  test('TRUNCATE of a ghost table is not for the real one', () => {
    expect(prepared().run('TRUNCATE TABLE _test4_gho').recorded('_test4_gho')).toHaveLength(1);
  });

  test('a ghost table with another name keeps its record', () => {
    const stream = prepared().run('RENAME TABLE _test4_gho TO _test4_new');
    expect(stream.run(PT.rename).log).toEqual([GH_OST_RESULT]);
  });

  test.each([
    [36044, 'RENAME TABLE test4 TO _test4_new'],
    [36045, 'RENAME TABLE _test4_del TO _test4_gho'],
    [36046, 'RENAME TABLE _test4_del TO test4'],
    [20049, 'RENAME TABLE _test4_gho TO elsewhere'],
  ])('%i for %s', (code, sql) => {
    expect(() => prepared().run(sql)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('a statement on several tables is taken apart', () => {
    const stream = prepared().run('DROP TABLE _test4_gho, plain, _other_old');
    expect(stream.log).toEqual(['DROP TABLE IF EXISTS `test`.`plain`']);
    expect(stream.recorded('_test4_gho')).toBeUndefined();
  });

  test('a recorded statement is executed once though it is read again', () => {
    const stream = new Stream().run(GH_OST.gho);
    const start = { name: 'bin.000001', pos: 4 };
    stream.run([GH_OST.alter, { start }], [GH_OST.alter, { start }], GH_OST.rename);
    expect(stream.log).toEqual([GH_OST_RESULT]);
  });
});

describe('rules of the user', () => {
  test('the rules must fit both halves of an exchange', () => {
    const online = { shadowTableRules: ['^_(.+)_pcnew$'], trashTableRules: ['^_(.+)_pcold$'] };
    const stream = new Stream({ online }).run('CREATE TABLE _t_pcnew LIKE t', 'ALTER TABLE _t_pcnew ADD a INT');
    const error = expect.objectContaining({ code: 20049 }) as Error;
    expect(() => stream.run('RENAME TABLE t TO _t_old, _t_pcnew TO t')).toThrow(error);
    expect(() => stream.run('RENAME TABLE t TO _t_pcold, _t_new TO t')).toThrow(error);
    stream.run('RENAME TABLE t TO _t_pcold, _t_pcnew TO t');
    expect(stream.log).toEqual(['ALTER TABLE `test`.`t` ADD a INT']);
  });

  test('without online-ddl everything is replicated as it is', () => {
    const none = { shadowTableRules: [], trashTableRules: [] };
    const stream = new Stream({ online: none }).run(GH_OST.gho, GH_OST.alter, GH_OST.rename);
    expect(stream.log).toHaveLength(3);
  });
});

describe('with other features', () => {
  const doTables = [{ dbName: 'test', tblName: 'test4' }];

  test('an allow list is about the real table', () => {
    const stream = new Stream({ rules: { doTables } }).run(GH_OST.gho, GH_OST.alter, GH_OST.rename);
    expect(stream.log).toEqual([GH_OST_RESULT]);
  });

  test('OND-03: nothing of a filtered table is recorded, and its end is no error', () => {
    const stream = new Stream({ rules: { ignoreTables: doTables } }).run(GH_OST.gho, GH_OST.alter);
    expect(stream.recorded('_test4_gho')).toBeUndefined();
    stream.run(GH_OST.rename);
    expect(stream.log).toEqual([]);
    expect(new Stream({ rules: { doDbs: ['other'] } }).run(GH_OST.rename).log).toEqual([]);
  });

  test('an ignore list that names the ghost table hides it; the structure is followed', () => {
    const hidden = { ignoreTables: [{ dbName: 'test', tblName: '_test4_gho' }] };
    const stream = new Stream({ rules: hidden }).run(GH_OST.gho, GH_OST.alter);
    expect(stream.recorded('_test4_gho')).toBeUndefined();
    const plan = stream.execute(GH_OST.rename);
    expect(stream.log).toEqual([]);
    expect(plan).toMatchObject({ statements: [{ plan: { action: 'track', why: 'unexecutable' } }] });
  });

  const ignore = (more: Partial<EventFilterRule>): EventFilterRule => ({
    name: 'r',
    schemaPattern: 'test',
    tablePattern: 'test4',
    events: [],
    sqlPattern: [],
    action: 'Ignore',
    caseSensitive: false,
    ...more,
  });

  test.each([
    ['alter table', { events: ['alter table'] }, 0],
    ['all ddl', { events: ['all ddl'] }, 0],
    ['a pattern', { sqlPattern: ['add\\s+column'] }, 0],
    ['rename table', { events: ['rename table'] }, 1],
    ['create index', { events: ['create index'] }, 1],
    ['alter table of the ghost', { tablePattern: '_test4_*', events: ['alter table'] }, 1],
  ])('OND-04: a filter of %s is about what is executed', (_name, rule, count) => {
    for (const [create, alter, rename] of [
      [GH_OST.gho, GH_OST.alter, GH_OST.rename],
      [PT.create, PT.alter.replace('c3', 'column c3'), PT.rename],
    ]) {
      const stream = new Stream({ filters: [ignore(rule)] }).run(
        create ?? '',
        (alter ?? '').replace('column column', 'column'),
      );
      const plan = stream.execute(rename ?? '');
      expect(stream.log).toHaveLength(count);
      // Rows behind it have the new structure all the same.
      expect(plan).toMatchObject({ statements: [{ plan: { statement: { kind: 'alter-table' } } }] });
    }
  });

  test('the result is routed', () => {
    const routes = [{ name: 'r', schemaPattern: 'te*', tablePattern: 'test?', targetSchema: 'all', targetTable: 't' }];
    const stream = new Stream({ routes }).run(GH_OST.gho, GH_OST.alter, GH_OST.rename);
    expect(stream.log).toEqual(['Alter /* gh-ost */ table `all`.`t` add column cl1 varchar(20) not null']);
  });

  test('text is read in the session that it was recorded in', () => {
    const ansi = { sqlMode: 4n };
    const stream = new Stream().run(
      GH_OST.gho,
      ['ALTER TABLE "_test4_gho" ADD "odd""name" INT COMMENT \'it\'\'s\'', ansi],
      GH_OST.rename,
    );
    expect(stream.log).toEqual(["ALTER TABLE `test`.`test4` ADD `odd\"name` INT COMMENT 'it''s'"]);
    const plan = new Stream().run(GH_OST.gho, ['ALTER TABLE "_test4_gho" ADD "a" INT', ansi]).execute(GH_OST.rename);
    expect(plan).toMatchObject({ statements: [{ plan: { statement: { kind: 'alter-table' } } }] });
  });

  test('a ghost table that refers to itself becomes a table that refers to itself', () => {
    const stream = new Stream().run(
      GH_OST.gho,
      'ALTER TABLE _test4_gho ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES _test4_gho (id)',
      GH_OST.rename,
    );
    expect(stream.log).toEqual([
      'ALTER TABLE `test`.`test4` ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES `test`.`test4` (id)',
    ]);
  });
});
