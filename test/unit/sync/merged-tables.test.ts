import { describe, expect, test } from 'vitest';
import { createRouter } from '../../../src/filter/router.js';
import type { Column, Table } from '../../../src/schema/model.js';
import { Dependencies } from '../../../src/sync/write/dependencies.js';
import { mergedStatements } from '../../../src/sync/write/statements.js';
import { TablePlan } from '../../../src/sync/write/table-plan.js';
import { column, index, insert, job, MERGING, MYSQL, remove, table, text, update } from './support.js';

const ROUTES = [{ name: 'r', schemaPattern: 'db', tablePattern: 't_*', targetSchema: 'all', targetTable: 't' }];
const mapping = createRouter(ROUTES, true);

function planOf(source: Table, downstream: Table): TablePlan {
  const structure = { ...downstream, schema: 'all', name: 't' };
  return new TablePlan(source, { structure, hasTriggers: false, children: [] }, mapping, MYSQL);
}

const id = column('id', 'int', { nullable: false });
const v = column('v', 'int');
const columns = (...list: Column[]): Table => table('t_1', list, [index('PRIMARY', 'id')]);

describe('rows of tables that are merged into one', () => {
  test('share statements where their columns are equal', () => {
    const one = planOf(columns(id, v), columns(id, v));
    const two = planOf({ ...columns(id, v), name: 't_2' }, columns(id, v));
    const jobs = [job(1, one, insert([1, 10])), job(2, two, insert([2, 20]))];
    expect(mergedStatements(jobs, MERGING).map(({ sql }) => sql)).toEqual([
      'INSERT INTO `all`.`t` (`id`, `v`) VALUES (1,10),(2,20)',
    ]);
  });

  test('are told apart where the columns stand in another order', () => {
    const one = planOf(columns(id, v), columns(id, v));
    const two = planOf({ ...columns(v, id), name: 't_2' }, columns(id, v));
    const jobs = [job(1, one, insert([1, 10])), job(2, two, insert([20, 2])), job(3, two, update([20, 2], [21, 2]))];
    expect(mergedStatements(jobs, MERGING).map(({ sql }) => sql)).toEqual([
      'INSERT INTO `all`.`t` (`id`, `v`) VALUES (1,10)',
      'INSERT INTO `all`.`t` (`v`, `id`) VALUES (20,2)',
      'UPDATE `all`.`t` SET `v` = 21, `id` = 2 WHERE `id` = 2',
    ]);
  });

  test('keep their order by the downstream key, whatever keys and collations they have upstream', () => {
    const key = (collation: string, more: Partial<Column> = {}): Column =>
      text('k', collation, { nullable: false, ...more });
    const keyed = (name: string, ...list: Column[]): Table => table(name, list, [index('PRIMARY', 'k')]);
    const downstream = keyed('t', key('utf8mb4_bin'), v);
    const one = planOf(keyed('t_1', key('utf8mb4_bin'), v), downstream);
    const two = planOf(table('t_2', [v, key('utf8mb4_general_ci', { length: 20 })], []), downstream);
    const lanes = new Dependencies(4, 1);
    const first = job(1, one, remove(['Abc', 1]));
    const second = job(2, two, insert([2, 'Abc']));
    const other = job(3, two, insert([2, 'abc']));
    const lane = lanes.place(first);
    expect(lanes.place(second)).toBe(lane);
    expect(lanes.place(other)).not.toBe(lane);
  });

  test('are found by the downstream key alone', () => {
    const downstream = table('t', [id, v, column('shard', 'int', { nullable: false })], [index('PRIMARY', 'v')]);
    const plan = planOf(columns(id, { ...v, nullable: false }), downstream);
    expect(mergedStatements([job(1, plan, remove([1, 10]))], MERGING).map(({ sql }) => sql)).toEqual([
      'DELETE FROM `all`.`t` WHERE `v` = 10',
    ]);
  });
});
