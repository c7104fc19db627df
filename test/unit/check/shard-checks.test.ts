import { describe, expect, test } from 'vitest';
import type { TableFacts } from '../../../src/check/facts.js';
import { collectConflicts, judgeRoutes, judgeTargetColumns } from '../../../src/check/route-checks.js';
import { groupShards, judgeAutoIncrement, judgeShardStructures, type Shard } from '../../../src/check/shard-checks.js';
import type { ColumnFacts, TableStructure } from '../../../src/check/structure-facts.js';
import type { ColumnMappingRule, SubtaskConfig } from '../../../src/config/types.js';
import { createRouter } from '../../../src/filter/router.js';

function column(name: string, type: string, more: Partial<ColumnFacts> = {}): ColumnFacts {
  return { name, type, autoIncrement: false, generated: false, required: false, ...more };
}

const STRUCTURE: TableStructure = {
  columns: [column('id', 'bigint', { autoIncrement: true }), column('uid', 'bigint'), column('name', 'varchar(255)')],
  keys: [
    { primary: true, columns: ['id'] },
    { primary: false, columns: ['uid'] },
  ],
};

function table(schema: string, name: string, target = { schema, table: name }): TableFacts {
  return {
    schema,
    name,
    target,
    engine: 'InnoDB',
    copied: true,
    replicated: true,
    hasKey: true,
    hasWholeKey: true,
    foreignKeys: [],
    cascades: [],
    collations: [],
  };
}

function shard(sourceId: string, structure?: TableStructure, columnMappings: ColumnMappingRule[] = []): Shard {
  const config = { sourceId, columnMappings, caseSensitive: false } as unknown as SubtaskConfig;
  return { config, table: table('user', 'information'), ...(structure === undefined ? {} : { structure }) };
}

function changed(change: (structure: TableStructure) => void): TableStructure {
  const copy = structuredClone(STRUCTURE);
  change(copy);
  return copy;
}

describe('tables that go into one', () => {
  test('are grouped over sources, by routes and by identical names', () => {
    const config = (sourceId: string) => ({ sourceId }) as SubtaskConfig;
    const merged = { schema: 'store', table: 'sale' };
    const groups = groupShards([
      { config: config('a'), tables: [table('user', 'i'), table('s_1', 't_1', merged), table('only', 'here')] },
      { config: config('b'), tables: [table('user', 'i'), table('s_1', 't_1', merged), table('S_1', 'x', merged)] },
    ]);
    expect([...groups].map(([name, group]) => [name, group.map((one) => one.config.sourceId).join()])).toEqual([
      ['`user`.`i`', 'a,b'],
      ['`store`.`sale`', 'a,b,b'],
    ]);
  });

  test.each<[what: string, structure: TableStructure, error: string]>([
    [
      'an extra column',
      changed(({ columns }) => columns.push(column('x', 'int'))),
      'column length mismatch (self: 4 vs other: 3)',
    ],
    [
      'a column with another name',
      changed(({ columns }) => void (columns[2].name = 'x')),
      'different column definition',
    ],
    [
      'columns in another order',
      changed((structure) => void (structure.columns = structure.columns.toReversed())),
      'different column definition',
    ],
    [
      'a column with another type',
      changed(({ columns }) => void (columns[1].type = 'int')),
      'different column definition',
    ],
    [
      'another primary key',
      changed(({ keys }) => void keys[0].columns.push('uid')),
      'different primary key or unique indexes',
    ],
    ['one unique index less', changed(({ keys }) => void keys.pop()), 'different primary key or unique indexes'],
    ['no key', changed((structure) => void (structure.keys = [])), 'different primary key or unique indexes'],
  ])('P4: %s is found', (_what, structure, error) => {
    const judged = judgeShardStructures([shard('a', STRUCTURE), shard('b', STRUCTURE), shard('c', structure)]);
    expect(judged.findings).toEqual([
      {
        severity: 'fail',
        short_error: error,
        self: expect.stringMatching(/^instance c table `user`.`information` /),
        other: expect.stringMatching(/^instance a table `user`.`information` /),
      },
    ]);
    expect(judged.instruction).toBe('please set same table structure for sharding tables');
  });

  test('alike are fine: the order of keys, the case of names and tables that are gone do not count', () => {
    const other = changed(({ columns, keys }) => {
      keys.push(...keys.splice(0, 1));
      columns[0].name = 'ID';
    });
    expect(judgeShardStructures([shard('gone'), shard('a', STRUCTURE), shard('b', other)]).findings).toEqual([]);
    expect(judgeShardStructures([shard('gone'), shard('gone')]).findings).toEqual([]);
  });
});

describe('keys drawn by AUTO_INCREMENT', () => {
  const rule: ColumnMappingRule = {
    name: 'ids',
    schemaPattern: 'USER*',
    tablePattern: '',
    sourceColumn: 'id',
    targetColumn: 'ID',
    expression: 'partition id',
    arguments: ['1', '', '', ''],
  };
  const small = changed(({ columns }) => void (columns[0].type = 'int'));
  const errors = (...shards: Shard[]): string[] =>
    judgeAutoIncrement('`user`.`information`', shards).findings.map((finding) => finding.short_error);

  test('P1: clash without a column mapping', () => {
    expect(errors(shard('a', STRUCTURE))).toEqual([
      'instance a table `user`.`information` of sharding `user`.`information` have auto-increment key id, whose values clash with those of the other shards',
    ]);
  });

  test('P3: have to be bigint, also with a mapping', () => {
    expect(errors(shard('a', small, [rule]))).toEqual([
      expect.stringContaining('have auto-increment key id and column mapping, but type of id should be bigint'),
    ]);
    expect(errors(shard('a', small))).toEqual([expect.stringContaining('but type of id should be bigint')]);
  });

  test('pass as bigint with a mapping, and where they are no key of their own', () => {
    expect(errors(shard('a', STRUCTURE, [rule]))).toEqual([]);
    expect(errors(shard('a', STRUCTURE, [{ ...rule, targetColumn: 'uid' }]))).toHaveLength(1);
    expect(errors(shard('a', STRUCTURE, [{ ...rule, schemaPattern: 'other' }]))).toHaveLength(1);
    const composite = changed(({ keys }) => void keys[0].columns.push('uid'));
    expect(errors(shard('a', composite), shard('gone'))).toEqual([]);
  });
});

test('all conflicts of routes are told, each once', () => {
  const routed = collectConflicts(
    createRouter(
      [
        { name: 'one', schemaPattern: 'a*', tablePattern: 't*', targetSchema: 'x' },
        { name: 'two', schemaPattern: '*', tablePattern: 't1', targetSchema: 'y' },
        { name: 'three', schemaPattern: 'a*', targetSchema: 'x' },
        { name: 'four', schemaPattern: 'ab', targetSchema: 'y' },
      ],
      false,
      26003,
    ),
  );
  expect(routed.target('a', 't2')).toEqual({ schema: 'x', table: 't2' });
  expect(routed.target('a', 't1')).toEqual({ schema: 'a', table: 't1' });
  expect(routed.target('a', 't1')).toEqual({ schema: 'a', table: 't1' });
  expect(routed.targetSchema('ab')).toBe('ab');
  expect(judgeRoutes(routed.conflicts).findings.map((finding) => finding.short_error)).toEqual([
    '`a`.`t1` matches more than one rule of `routes`: one and two',
    '`ab` matches more than one rule of `routes`: three and four',
  ]);
});

describe('a table that is there downstream already', () => {
  const judge = (upstream: ColumnFacts[], downstream: ColumnFacts[]): string[] =>
    judgeTargetColumns([{ table: table('s', 't', { schema: 'all', table: 'x' }), upstream, downstream }]).findings.map(
      (finding) => `${finding.severity}: ${finding.short_error}`,
    );

  test('may have more columns and another order', () => {
    const more = [column('extra', 'int'), column('NAME', 'text'), column('id', 'bigint', { required: true })];
    expect(judge([column('id', 'int'), column('name', 'text')], more)).toEqual([]);
  });

  test('has to have all columns but generated ones, and a value for its own', () => {
    const upstream = [column('id', 'int'), column('name', 'text'), column('sum', 'int', { generated: true })];
    const downstream = [column('id', 'int'), column('tenant', 'int', { required: true })];
    expect(judge(upstream, downstream)).toEqual([
      'warn: table `all`.`x` downstream has no column `name`, which `s`.`t` has',
      'warn: table `all`.`x` downstream needs a value for column `tenant`, which `s`.`t` does not have',
    ]);
  });
});
