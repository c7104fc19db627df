import { describe, expect, it } from 'vitest';
import { readSourceFile } from '../../../src/config/source-file.js';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { SHORT_TASK_FILE, SOURCE_FILE } from './samples.js';

const SOURCE: SourceConfig = {
  ...readSourceFile(SOURCE_FILE, 'source.yaml').config,
  flavor: 'mysql',
  serverId: 101,
};

function resolve(before: string, after = '', source: Partial<SourceConfig> = {}) {
  const definition = readTaskFile(`${before}\n${SHORT_TASK_FILE}${after}`, 'task.yaml');
  return resolveSubtasks(definition, new Map([[SOURCE.sourceId, { ...SOURCE, ...source }]]))[0];
}

describe('rules that an instance names', () => {
  it('are its routes, in the order of the names', () => {
    const routes = `routes:
  b: {schema-pattern: "test_*", table-pattern: "t_*", target-schema: test, target-table: t}
  a: {schema-pattern: "test_*", table-pattern: "", target-schema: test, target-table: }`;
    expect(resolve(routes, '    route-rules: [a, b]').routes).toEqual([
      { name: 'a', schemaPattern: 'test_*', targetSchema: 'test' },
      { name: 'b', schemaPattern: 'test_*', tablePattern: 't_*', targetSchema: 'test', targetTable: 't' },
    ]);
  });

  it("are its event filters, followed by the source's, each with its own regard for case", () => {
    const { config } = readSourceFile(
      `${SOURCE_FILE}case-sensitive: true
filters:
- schema-pattern: dmctl
  table-pattern: t_1
  events: []
  sql-pattern:
  - alter table .* add column \`aaa\` int
  action: Ignore
`,
      'source.yaml',
    );
    const filters = `case-sensitive: false
filters:
  f: {schema-pattern: "test_*", events: ["All DML", drop table], sql-pattern: ["^DROP\\\\s+P"], action: Do}`;
    expect(resolve(filters, '    filter-rules: [f]', config).filters).toEqual([
      {
        name: 'f',
        schemaPattern: 'test_*',
        events: ['all dml', 'drop table'],
        sqlPattern: ['^DROP\\s+P'],
        action: 'Do',
        caseSensitive: false,
      },
      {
        name: 'filters[0]',
        schemaPattern: 'dmctl',
        tablePattern: 't_1',
        events: [],
        sqlPattern: ['alter table .* add column `aaa` int'],
        action: 'Ignore',
        caseSensitive: true,
      },
    ]);
  });

  it('are its expression filters', () => {
    const filters = `expression-filter:
  e: {schema: s, table: t, insert-value-expr: "c % 2 = 0"}
  u: {schema: s, table: t, update-old-value-expr: a = 1, update-new-value-expr: a = 2}
  d: {schema: s, table: t, delete-value-expr: "1"}`;
    expect(resolve(filters, '    expression-filters: [u, e, d]').expressionFilters).toEqual([
      { name: 'u', schema: 's', table: 't', updateOldValueExpr: 'a = 1', updateNewValueExpr: 'a = 2' },
      { name: 'e', schema: 's', table: 't', insertValueExpr: 'c % 2 = 0' },
      { name: 'd', schema: 's', table: 't', deleteValueExpr: '1' },
    ]);
  });

  it('are its column mappings', () => {
    const mappings = `column-mappings:
  m: {schema-pattern: "s_*", table-pattern: "t_*", expression: partition id, source-column: id, target-column: id2, arguments: [1, s, t, _]}`;
    expect(resolve(mappings, '    column-mapping-rules: [m]').columnMappings).toEqual([
      {
        name: 'm',
        schemaPattern: 's_*',
        tablePattern: 't_*',
        sourceColumn: 'id',
        targetColumn: 'id2',
        expression: 'partition id',
        arguments: ['1', 's', 't', '_'],
      },
    ]);
  });

  it('are none when it names none', () => {
    const { routes, filters, expressionFilters, onlineDdl, columnMappings } = resolve('online-ddl: false');
    expect([routes, filters, expressionFilters, onlineDdl, columnMappings]).toEqual(Array(5).fill(undefined));
  });
});

describe('online DDL', () => {
  const defaults = { shadowTableRules: ['^_(.+)_(?:new|gho)$'], trashTableRules: ['^_(.+)_(?:ghc|del|old)$'] };

  it.each([
    ['OC-01', 'online-ddl: true', defaults],
    ['OC-02', 'online-ddl-scheme: pt', defaults],
    ['OC-03', 'online-ddl-scheme: gh-ost', defaults],
    ['OC-04', 'online-ddl: true\nonline-ddl-scheme: gh-ost', defaults],
    ['OC-05', 'online-ddl: false\nonline-ddl-scheme: gh-ost', defaults],
    ['OC-06', '', undefined],
  ])('%s', (_id, lines, expected) => {
    expect(resolve(lines).onlineDdl).toEqual(expected);
  });

  it('takes rules of its own, anchored', () => {
    const lines = `online-ddl: true
shadow-table-rules: ["_(.+)_pcnew", "^n(.+)"]
trash-table-rules: ["(.+)_pcold$"]`;
    expect(resolve(lines).onlineDdl).toEqual({
      shadowTableRules: ['^_(.+)_pcnew$', '^n(.+)$'],
      trashTableRules: ['^(.+)_pcold$'],
    });
  });
});
