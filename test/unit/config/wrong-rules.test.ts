import { describe, expect, it } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import { readSourceFile } from '../../../src/config/source-file.js';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { SOURCE_FILE } from './samples.js';

/** A task file that uses every kind of rule, one key a line. */
const RULES = `name: test
task-mode: all
online-ddl: true
shadow-table-rules:
  - "^_(.+)_new$"
trash-table-rules:
  - "^_(.+)_old$"
target-database:
  host: 127.0.0.1
  port: 4000
  user: root
routes:
  shards:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    target-schema: "test"
    target-table: "t"
  schemas:
    schema-pattern: "test_*"
    target-schema: "test"
filters:
  drops:
    schema-pattern: "test_*"
    table-pattern: "t_*"
    events:
      - "truncate table"
      - "drop table"
    sql-pattern:
      - "^DROP"
    action: Ignore
expression-filter:
  even:
    schema: "s"
    table: "t"
    insert-value-expr: "c % 2 = 0"
  change:
    schema: "s"
    table: "t"
    update-old-value-expr: "a = 1"
    update-new-value-expr: "a = 2"
column-mappings:
  unique:
    schema-pattern: "s_*"
    table-pattern: "t_*"
    expression: "partition id"
    source-column: "id"
    target-column: "id"
    arguments: ["1", "s", "t", "_"]
block-allow-list:
  list:
    do-dbs:
      - "test_*"
    ignore-dbs:
      - "~^x"
    do-tables:
      - db-name: "test_*"
        tbl-name: "~^t"
    ignore-tables:
      - db-name: "a"
        tbl-name: "b"
mysql-instances:
  - source-id: one
    route-rules:
      - shards
      - schemas
    filter-rules:
      - drops
    expression-filters:
      - even
      - change
    column-mapping-rules:
      - unique
    block-allow-list: list
  - source-id: two
    mydumper:
      chunk-filesize: 64
`;

/** What is replaced by what; the code; the line; a part of the error as it is printed. */
type Case = readonly [from: string, to: string, code: number, line: number, text: string];

function errorOf(text: string): DmError {
  try {
    readTaskFile(text, 'task.yaml');
  } catch (error) {
    if (error instanceof DmError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

function run(cases: readonly Case[]): void {
  it.each(cases.map(([from, to, code, line, text]) => ({ from, to, code, line, text })))(
    '$code at line $line: $text',
    ({ from, to, code, line, text }) => {
      expect(RULES.split(from).length, `${from} once`).toBe(2);
      const error = errorOf(RULES.replace(from, () => to));
      expect(error.code, error.message).toBe(code);
      expect(error.message).toMatch(new RegExp(`^task\\.yaml, line ${line}, column \\d+`));
      expect(error.toString()).toContain(text);
    },
  );
}

it('the file itself is good', () => {
  expect(readTaskFile(RULES, 'task.yaml').warnings).toHaveLength(2);
});

describe('routes', () => {
  const shards =
    'shards:\n    schema-pattern: "test_*"\n    table-pattern: "t_*"\n    target-schema: "test"\n    target-table: "t"';
  run([
    [shards, shards.replace('schema-pattern: "test_*"', 'schema-pattern: ""'), 20045, 14, 'a value is required'],
    [shards, shards.replace('    schema-pattern: "test_*"\n', ''), 20045, 13, 'key "routes.shards.schema-pattern"'],
    [shards, shards.replace('"test_*"', '"te*t"'), 20045, 14, '`*` may only be the last character'],
    [shards, shards.replace('"test_*"', '"*_bak"'), 20045, 14, '`*` may only be the last character'],
    [shards, shards.replace('"test_*"', '"**"'), 20045, 14, '`*` may only be the last character'],
    [shards, shards.replace('"test_*"', '"t[z-a]"'), 20045, 14, 'the wrong way round'],
    [shards, shards.replace('"t_*"', '"t**"'), 20045, 15, 'key "routes.shards.table-pattern"'],
    [shards, shards.replace('target-schema: "test"', 'target-schema:'), 20045, 16, 'a value is required'],
    [shards, shards.replace('    target-schema: "test"\n', ''), 20045, 13, 'key "routes.shards.target-schema"'],
    [shards, shards.replace('target-table', 'target-tabel'), 20003, 17, 'did you mean "target-table"?'],
    [shards, shards.replace('"t"', '[t]'), 20003, 17, 'expected a text, got a list'],
    [shards, 'shards: x', 20003, 13, 'expected a map of keys'],
    ['  schemas:\n', '  shards:\n', 20003, 18, 'key "shards": stands twice'],
    ['  schemas:\n', '  others:\n', 20023, 65, 'route-rules schemas not exist in routes'],
    ['      - schemas\n', '', 20038, 18, '[schemas] are set in global configuration'],
    ['      - schemas\n', '      - schemas\n      - shards\n', 20032, 63, 'route-rules: shards'],
    ['  schemas:\n', '  __proto__:\n', 20003, 18, 'cannot be used as a name'],
  ]);

  it('for the same names are an error where both are named', () => {
    const text = RULES.replace(
      'schemas:\n    schema-pattern: "test_*"\n',
      (found) => `${found}    table-pattern: "T_*"\n`,
    );
    const source: SourceConfig = { ...readSourceFile(SOURCE_FILE, 's').config, flavor: 'mysql', serverId: 1 };
    const definition = readTaskFile(text, 'task.yaml');
    const sources = (caseSensitive: boolean) =>
      new Map(['one', 'two'].map((sourceId) => [sourceId, { ...source, sourceId, caseSensitive }]));
    expect(() => resolveSubtasks(definition, sources(false))).toThrow(
      'task.yaml, line 64, column 5, key "mysql-instances[0].route-rules": generate table router error',
    );
    expect(resolveSubtasks(definition, sources(true))).toHaveLength(2);
  });
});

describe('binlog event filters', () => {
  const drops = 'drops:\n    schema-pattern: "test_*"\n    table-pattern: "t_*"';
  run([
    [drops, drops.replace('"test_*"', '""'), 20037, 23, 'a value is required'],
    [drops, drops.replace('    schema-pattern: "test_*"\n', ''), 20037, 22, 'key "filters.drops.schema-pattern"'],
    [drops, drops.replace('test_*', 't*_x'), 20037, 23, '`*` may only be the last character'],
    [drops, drops.replace('"t_*"', '"*t"'), 20037, 24, 'key "filters.drops.table-pattern"'],
    ['- "truncate table"', '- "truncate tables"', 20037, 26, 'is not a kind of event; did you mean "truncate table"?'],
    ['- "drop table"', '- "drop"', 20037, 27, 'key "filters.drops.events[1]"'],
    ['- "drop table"', '- "all  dml"', 20037, 27, 'did you mean "all dml"?'],
    ['- "drop table"', '- {a: b}', 20003, 27, 'expected a text, got a map of keys'],
    [
      'events:\n      - "truncate table"\n      - "drop table"',
      'events: all',
      20003,
      25,
      'expected a list, got the text "all"',
    ],
    ['- "^DROP"', '- "^(DROP"', 20037, 29, 'key "filters.drops.sql-pattern[0]"'],
    ['- "^DROP"', '- "^(?!DROP)"', 20037, 29, 'look-around'],
    ['- "^DROP"', '- "(a)\\\\1"', 20037, 29, 'back-references'],
    ['- "^DROP"', '- "[a"', 20037, 29, 'generate binlog event filter'],
    ['- "^DROP"', '- "a{5000}"', 20037, 29, 'generate binlog event filter'],
    ['    action: Ignore\n', '', 20037, 22, 'key "filters.drops.action"'],
    ['action: Ignore', 'action:', 20037, 30, 'a value is required'],
    ['action: Ignore', 'action: ignore', 20037, 30, '"ignore" is neither `Do` nor `Ignore`; did you mean "Ignore"?'],
    ['action: Ignore', 'action: Drop', 20037, 30, '"Drop" is neither'],
    ['action: Ignore', 'actoin: Ignore', 20003, 30, 'did you mean "action"?'],
    ['- drops', '- drop', 20024, 67, 'filter-rules drop not exist in filters'],
    ['- drops', '- drops\n      - drops', 20032, 66, 'filter-rules: drops'],
    ['    filter-rules:\n      - drops\n', '', 20038, 22, '[drops] are set'],
  ]);
});

describe('expression filters', () => {
  const even = 'schema: "s"\n    table: "t"\n    insert-value-expr: "c % 2 = 0"';
  run([
    [even, even.replace('"s"', '""'), 20042, 33, 'expression-filter even has empty schema'],
    [even, even.replace('schema: "s"\n    ', ''), 20042, 32, 'expression-filter even has empty schema'],
    [even, even.replace('table: "t"', 'table:'), 20042, 34, 'expression-filter even has empty table'],
    [
      even,
      even.replace('c % 2 = 0', 'c %% 2'),
      20041,
      35,
      'expression-filter name(even) SQL(c %% 2) has wrong grammar',
    ],
    [even, even.replace('c % 2 = 0', 'c ='), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', '(c = 1'), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', "c = 'a"), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', 'c = 1; DROP TABLE t'), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', 'c IN (SELECT 1)'), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', 'c = @x'), 20041, 35, 'has wrong grammar'],
    [even, even.replace('c % 2 = 0', 'SUM(c) > 1'), 20041, 35, 'has wrong grammar'],
    ['"a = 1"', '"a = = 1"', 20041, 39, 'key "expression-filter.change.update-old-value-expr"'],
    ['"a = 2"', '"a NOT 1"', 20041, 40, 'key "expression-filter.change.update-new-value-expr"'],
    [even, `${even}\n    delete-value-expr: "1"`, 20039, 32, 'even has specified [insert delete]'],
    [even, `${even}\n    update-new-value-expr: "1"`, 20039, 32, 'even has specified [insert update]'],
    [even, even.replace('"c % 2 = 0"', '""'), 20042, 32, 'expression-filter even has empty expression'],
    [even, even.replace('insert-value', 'insert-val'), 20003, 35, 'did you mean "insert-value-expr"?'],
    ['- even', '- odd', 20040, 69, 'expression-filters odd not exist in expression-filter'],
    ['      - even\n', '', 20038, 32, '[even] are set'],
    ['      - change\n', '      - change\n      - even\n', 20032, 68, 'expression-filters: even'],
  ]);
});

describe('column mappings', () => {
  const args = 'arguments: ["1", "s", "t", "_"]';
  const patterns = 'schema-pattern: "s_*"\n    table-pattern: "t_*"\n    expression';
  run([
    [patterns, patterns.replace('"s_*"', '""'), 20046, 43, 'a value is required'],
    [patterns, patterns.replace('"s_*"', '"s*_"'), 20046, 43, '`*` may only be the last character'],
    [patterns, patterns.replace('"t_*"', '"*t_"'), 20046, 44, 'key "column-mappings.unique.table-pattern"'],
    ['"partition id"', '"partition_id"', 20046, 45, '"partition_id" is not an expression'],
    ['"partition id"', '""', 20046, 45, 'a value is required'],
    ['    expression: "partition id"\n', '', 20046, 42, 'key "column-mappings.unique.expression"'],
    ['target-column: "id"', 'target-column: ""', 20046, 47, 'a value is required'],
    ['    target-column: "id"\n', '', 20046, 42, 'key "column-mappings.unique.target-column"'],
    [args, 'arguments: []', 20046, 48, 'not 0 arguments'],
    [args, 'arguments: ["1", "s"]', 20046, 48, 'not 2 arguments'],
    [args, 'arguments: ["1", "s", "t", "_", "x"]', 20046, 48, 'not 5 arguments'],
    [args, 'arguments: ["16", "s", "t"]', 20046, 48, 'the instance must be a number from 0 to 15, not 16'],
    [args, 'arguments: ["x", "s", "t"]', 20046, 48, 'the instance must be a number from 0 to 15, not x'],
    [`    ${args}\n`, '', 20046, 42, 'key "column-mappings.unique.arguments"'],
    ['- unique', '- uniq', 20025, 72, 'column-mapping-rules uniq not exist in column-mapping'],
    ['- unique', '- unique\n      - unique', 20032, 71, 'column-mapping-rules: unique'],
    ['    column-mapping-rules:\n      - unique\n', '', 20038, 42, '[unique] are set'],
  ]);
});

describe('block-allow lists', () => {
  run([
    ['    do-dbs:\n      - "test_*"', '    do-dbs:\n      - "te*st"', 20044, 52, '`*` may only be the last character'],
    ['    do-dbs:\n      - "test_*"', '    do-dbs:\n      - ""', 20044, 52, 'a value is required'],
    ['"~^x"', '"~(x"', 20044, 54, 'key "block-allow-list.list.ignore-dbs[0]"'],
    ['"~^x"', '"~(?<=a)x"', 20044, 54, 'generate block allow list error'],
    ['"~^t"', '"~[t"', 20044, 57, 'key "block-allow-list.list.do-tables[0].tbl-name"'],
    ['      - db-name: "test_*"', '      - db-name: "t*t"', 20044, 56, 'do-tables[0].db-name'],
    ['        tbl-name: "b"\n', '', 20044, 59, 'key "block-allow-list.list.ignore-tables[0].tbl-name"'],
    ['- db-name: "a"\n', '- db-nam: "a"\n', 20003, 59, 'did you mean "db-name"?'],
    ['block-allow-list: list', 'block-allow-list: lists', 20026, 73, 'list lists not exist in block allow list'],
    ['block-allow-list: list', 'block-allow-list: [list]', 20003, 73, 'expected a text, got a list'],
  ]);
});

describe('online DDL', () => {
  run([
    ['"^_(.+)_new$"', '"^_.+_new$"', 20048, 5, 'it must have exactly one group, not 0'],
    ['"^_(.+)_new$"', '"^(_)(.+)_new$"', 20048, 5, 'it must have exactly one group, not 2'],
    [
      '"^_(.+)_new$"',
      '"^_(.+_new$"',
      20048,
      5,
      "config 'shadow-table-rules' regex pattern '^_(.+_new$' invalid, reason: ",
    ],
    ['"^_(.+)_new$"', '"^_(.+)_(?=new)$"', 20048, 5, 'look-around'],
    ['"^_(.+)_old$"', '"[z-a](.)"', 20048, 7, "config 'trash-table-rules' regex pattern '[z-a](.)' invalid"],
    ['"^_(.+)_old$"', '""', 20048, 7, 'not 0'],
    ['online-ddl: true', 'online-ddl: on-line', 20003, 3, 'expected true or false'],
    ['online-ddl: true', 'online-ddl-scheme: ghost', 20007, 3, 'online scheme ghost not supported'],
    ['online-ddl: true', 'tidb: {backend: lokal}', 20003, 3, '"lokal" is none of'],
  ]);
});

describe('dump settings', () => {
  run([
    ['chunk-filesize: 64', 'chunk-filesize: 64 miles', 20047, 76, 'invalid `chunk-filesize` 64 miles'],
    ['chunk-filesize: 64', 'chunk-filesize: 0', 20047, 76, 'invalid `chunk-filesize` 0'],
    ['chunk-filesize: 64', 'mydumper-path: ""', 20028, 76, "mysql-instance(1)'s mydumper-path must specify"],
  ]);

  it('need no mydumper-path in incremental mode', () => {
    const text = RULES.replace('chunk-filesize: 64', 'mydumper-path: ""\n    meta: {binlog-name: a.000001}')
      .replace('task-mode: all', 'task-mode: incremental')
      .replace('source-id: one', 'source-id: one\n    meta: {binlog-name: a.000001}');
    expect(readTaskFile(text, 'task.yaml').taskMode).toBe('incremental');
  });
});

describe("DM's order", () => {
  it('the first broken rule wins, whatever else is wrong', () => {
    const repairs: readonly (readonly [code: number, from: string, to: string])[] = [
      [20003, 'nam: ""', 'name: ""'],
      [20019, 'name: ""', `name: ${'n'.repeat(44)}`],
      [20020, 'task-mode: some', 'task-mode: incremental'],
      [20033, 'shard-mode: strict', 'shard-mode: optimistic'],
      [20001, 'ignore-checking-items: [nothing]', 'ignore-checking-items: [all]'],
      [20007, 'online-ddl-scheme: ghost', 'online-ddl-scheme: pt'],
      [20021, 'target-database:', 'target-database: {host: h, port: 1, user: u}'],
      [20013, 'mysql-instances: []', 'mysql-instances:\n  -\n  - source-id: x\n    meta: {}'],
      [
        20042,
        'e: {insert-value-expr: a =, delete-value-expr: b}',
        'e: {schema: s, table: t, insert-value-expr: a =, delete-value-expr: b}',
      ],
      [20041, 'insert-value-expr: a =,', 'insert-value-expr: a,'],
      [20039, ', delete-value-expr: b}', '}'],
      [20012, '  -\n', '  - loader: {}\n    loader-config-name: l\n'],
      [20005, '  - loader: {}', '  - source-id: x\n    loader: {}\n    meta: {}'],
      [20011, '    loader: {}\n    meta: {}', '    loader: {}'],
      [20016, '    loader: {}\n    loader-config-name: l', '    loader-config-name: l'],
      [20022, '    loader-config-name: l', '    meta: {binlog-name: a.000001}\n    loader-config-name: l'],
      [20029, 'loaders: {}', 'loaders: {l: {}}'],
      [20011, 'meta: {}', 'meta: {binlog-gtid: 0-1-1}\n    route-rules: [r, q]'],
      [20014, '- source-id: x\n    meta: {binlog-gtid', `- source-id: ${'y'.repeat(33)}\n    meta: {binlog-gtid`],
      [20023, 'route-rules: [r, q]', 'route-rules: [r, r]\n    filter-rules: [f]\n    block-allow-list: b'],
      [20024, 'filters: {}', 'filters: {f: {}, g: {}}'],
      [
        20026,
        'block-allow-list: b\n',
        'block-allow-list: b\n    mydumper-config-name: m\n    syncer-config-name: s\n    column-mapping-rules: [c]\n',
      ],
      [20025, 'column-mappings: {}', 'column-mappings: {c: {}}'],
      [20026, 'block-allow-list: {}', 'block-allow-list: {b: {do-dbs: ["*a"]}}'],
      [20027, 'mydumpers: {}', 'mydumpers: {m: {chunk-filesize: x}}'],
      [20030, 'syncers: {}', 'syncers: {s: {}}\nblack-white-list: {}'],
      [20032, 'route-rules: [r, r]', 'route-rules: [r]'],
      [20038, 'filters: {f: {}, g: {}}', 'filters: {f: {}}'],
      [20038, 'expression-filter: {e: {', 'unused: {e: {'],
    ];
    let text = `nam: ""
task-mode: some
shard-mode: strict
ignore-checking-items: [nothing]
online-ddl-scheme: ghost
timezone: SYSTEM
shadow-table-rules: [a]
routes: {r: {}}
filters: {}
column-mappings: {}
block-allow-list: {}
mydumpers: {}
loaders: {}
syncers: {}
expression-filter:
  e: {insert-value-expr: a =, delete-value-expr: b}
target-database:
mysql-instances: []
`;
    for (const [code, from, to] of repairs) {
      expect([errorOf(text).code, from]).toEqual([code, from]);
      if (code === 20038) break;
      expect(text).toContain(from);
      text = text.replace(from, () => to);
    }
    text = text.replace('filters: {f: {}, g: {}}', 'filters: {f: {}}').replace(/expression-filter:\n.*\n/, '');
    const later: readonly (readonly [code: number, from: string, to: string])[] = [
      [20008, 'timezone: SYSTEM', 'timezone: UTC'],
      [20003, `name: ${'n'.repeat(44)}`, 'name: n'],
      // The first instance has nothing that is wrong, so the second one's turn comes with its name.
      [20048, 'shadow-table-rules: [a]', 'shadow-table-rules: []'],
      [20006, 'y'.repeat(33), 'y'],
      [20044, 'do-dbs: ["*a"]', 'do-dbs: ["a"]'],
      [20045, 'routes: {r: {}}', 'routes: {r: {schema-pattern: a, target-schema: b}}'],
      [20046, 'c: {}', 'c: {schema-pattern: a, expression: partition id, target-column: a, arguments: ["", a, b]}'],
      [20047, 'chunk-filesize: x', 'chunk-filesize: 1'],
      [20037, 'f: {}', 'f: {schema-pattern: a, action: Do}'],
      [20003, 'shard-mode: optimistic', 'shard-mode: ""'],
    ];
    for (const [code, from, to] of later) {
      expect([errorOf(text).code, from]).toEqual([code, from]);
      expect(text).toContain(from);
      text = text.replace(from, () => to);
    }
    expect(readTaskFile(text, 'task.yaml').sourceIds).toEqual(['x', 'y']);
  });
});
