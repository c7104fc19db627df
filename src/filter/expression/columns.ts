import type { Column, Table } from '../../schema/model.js';
import type { ColumnRef } from './ast.js';
import { columnRefs } from './ast.js';
import { CORRECT_AND_RESTART, expressionError, type ParsedExpression } from './rule.js';

/** A column that an expression names, and where its value stands in a row image. */
export interface BoundColumn {
  column: Column;
  /** Place in a row image. */
  at: number;
}

/** The columns that an expression's references mean. */
export type Bindings = ReadonlyMap<ColumnRef, BoundColumn>;

/**
 * Finds the columns an expression names; letter case does not matter, as in the servers.
 * @throws DmError 20041 for a column, table or schema that is not the structure's
 */
export function bindColumns(expression: ParsedExpression, structure: Table): Bindings {
  const places = new Map(structure.columns.map(({ name }, at) => [name.toLowerCase(), at]));
  const same = (a: string | undefined, b: string): boolean => a === undefined || a.toLowerCase() === b.toLowerCase();
  const bindings = new Map<ColumnRef, BoundColumn>();
  for (const ref of columnRefs(expression.expr)) {
    const at = places.get(ref.name.toLowerCase());
    const column = at === undefined ? undefined : structure.columns[at];
    if (
      at === undefined ||
      column === undefined ||
      !same(ref.table, structure.name) ||
      !same(ref.schema, structure.schema)
    ) {
      const name = [ref.schema, ref.table, ref.name].filter((part) => part !== undefined).join('.');
      const reason = `unknown column ${name} in table ${structure.schema}.${structure.name}`;
      throw expressionError(expression, reason, CORRECT_AND_RESTART);
    }
    bindings.set(ref, { column, at });
  }
  return bindings;
}
