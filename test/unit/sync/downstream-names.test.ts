/** Downstreams that store names in lower case, or compare them so, tell them otherwise than routes and statements write them. */
import { describe, expect, test } from 'vitest';
import { Dependencies } from '../../../src/sync/write/dependencies.js';
import type { TablePlan } from '../../../src/sync/write/table-plan.js';
import type { Target } from '../../../src/sync/target.js';
import { column, index, insert, job, MYSQL, planOf, remove, table } from './support.js';

const FOLDING: Target = { ...MYSQL, foldsNames: true };
const COLUMNS = [column('id', 'int', { nullable: false }), column('parent', 'int')];
const LINK = { name: 'f', columns: ['parent'], refSchema: 'db', refTable: 'orders', refColumns: ['id'] };
const CHILD = { schema: 'db', table: 'items', refColumns: ['id'], changesChildren: false };

function plans(target: Target): { parent: TablePlan; child: TablePlan } {
  const orders = table('Orders', COLUMNS, [index('PRIMARY', 'id')]);
  const items = table('Items', COLUMNS, [index('PRIMARY', 'id')]);
  return {
    parent: planOf(orders, { structure: { ...orders, name: 'orders' }, children: [CHILD] }, target),
    child: planOf(items, { structure: { ...items, name: 'items', foreignKeys: [LINK] } }, target),
  };
}

describe('tables that are named in another case downstream', () => {
  test('keep the order that foreign keys ask for', () => {
    for (const target of [FOLDING, MYSQL]) {
      const { parent, child } = plans(target);
      const lanes = new Dependencies(4, 1);
      const checked = { foreignKeyChecks: true };
      const order = lanes.place(job(1, parent, insert([1, null]), checked));
      const item = lanes.place(job(2, child, insert([7, 1]), checked));
      expect(item === order).toBe(target === FOLDING);
    }
  });

  test('are one table, by whatever name rows come to it', () => {
    const one = planOf(table('T', COLUMNS, [index('PRIMARY', 'id')]), {}, FOLDING);
    const two = planOf(table('t', COLUMNS, [index('PRIMARY', 'id')]), {}, FOLDING);
    const lanes = new Dependencies(4, 1);
    const lane = lanes.place(job(1, one, remove([1, 1])));
    expect(lanes.place(job(2, two, insert([1, 1])))).toBe(lane);
    expect(one.target).toBe('`db`.`T`');
  });
});
