import { readStatement } from '../../../src/ddl/index.js';
import type {
  AlterClause,
  AlterTable,
  ColumnDefinition,
  CreateTable,
  ReadOptions,
  Statement,
} from '../../../src/ddl/index.js';

export type Options = Partial<ReadOptions>;

export function read(sql: string, options: Options = {}): Statement {
  return readStatement(sql, { flavor: 'mysql', defaultSchema: 'db', ...options });
}

/** Also finds the members of the union that stand for several kinds. */
type StatementOf<K extends Statement['kind']> = Statement extends infer S
  ? S extends { kind: Statement['kind'] }
    ? K extends S['kind']
      ? S
      : never
    : never
  : never;

export function readAs<K extends Statement['kind']>(kind: K, sql: string, options: Options = {}): StatementOf<K> {
  const statement = read(sql, options);
  if (statement.kind !== kind) throw new Error(`read as ${statement.kind}, not ${kind}: ${sql}`);
  return statement as StatementOf<K>;
}

export function create(body: string, options: Options = {}): CreateTable {
  return readAs('create-table', `CREATE TABLE t ${body}`, options);
}

/** The only column of CREATE TABLE t (c ...). */
export function column(definition: string, options: Options = {}): ColumnDefinition {
  const [element] = create(`(c ${definition})`, options).elements;
  if (element?.element !== 'column') throw new Error(`no column: ${definition}`);
  return element;
}

export function alter(clauses: string, options: Options = {}): AlterTable {
  return readAs('alter-table', `ALTER TABLE t ${clauses}`, options);
}

export function clause<A extends AlterClause['action']>(
  action: A,
  text: string,
  options: Options = {},
): Extract<AlterClause, { action: A }> {
  const [first, ...rest] = alter(text, options).clauses;
  if (first?.action !== action || rest.length > 0) throw new Error(`no single ${action}: ${text}`);
  return first as Extract<AlterClause, { action: A }>;
}

/** `role type schema.name` of all objects. */
export function objects(sql: string, options: Options = {}): string[] {
  return read(sql, options).objects.map(({ role, schema, name }) => `${role} ${schema}.${name}`);
}
