import { SAME_NAMES, type TableMapping } from '../../filter/router.js';
import type { DbConnection, Row } from '../../mysql/connect.js';
import { queryRows } from '../../mysql/connect.js';
import { quoteString } from '../../mysql/quote.js';
import type { Table } from '../../schema/model.js';
import type { ServerProfile } from '../../schema/server-profile.js';
import type { Ask } from '../control.js';
import { StructureReader } from '../structure-reader.js';
import { TablePlan, type DownstreamTable } from './table-plan.js';
import { tableKey, type Target } from '../target.js';

/** Actions by which a server changes rows of the child itself. */
const CHANGING_ACTIONS = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT']);

/** Tables whose description stays in memory. */
const CACHE_SIZE = 4_000;

/** A foreign key of the downstream, seen from the referenced table. */
interface Reference {
  schema: string;
  table: string;
  /** Keys of the two tables. */
  key: string;
  refKey: string;
  refColumns: string[];
  changesChildren: boolean;
}

/** Knows the downstream's tables as they are, and works out how rows are written to them. */
export class DownstreamTables {
  readonly #ask: Ask;
  readonly #structures: StructureReader;
  readonly #target: Target;
  readonly #mapping: TableMapping;
  readonly #tables = new Map<string, DownstreamTable | undefined>();
  readonly #plans = new WeakMap<Table, { plan: TablePlan; key: string; madeAt: number }>();
  /** By schema: keys of the tables that have triggers. */
  readonly #triggers = new Map<string, ReadonlySet<string>>();
  #references: Reference[] | undefined;
  /** A DDL was executed since {@link #references} was read. */
  #referencesAreOld = false;
  /** Counts invalidations: what was made before the last one that is about it holds no more. */
  #time = 0;
  #allChangedAt = 0;
  readonly #changedAt = new Map<string, number>();

  constructor(ask: Ask, profile: ServerProfile, target: Target, mapping: TableMapping = SAME_NAMES) {
    this.#ask = ask;
    this.#structures = new StructureReader(ask, profile);
    this.#target = target;
    this.#mapping = mapping;
  }

  /** The plan for rows of that structure. At once when it is known already. */
  planFor(source: Table): TablePlan | Promise<TablePlan> {
    const known = this.#plans.get(source);
    if (known === undefined || this.#referencesAreOld) return this.#makePlan(source);
    const changedAt = Math.max(this.#allChangedAt, this.#changedAt.get(known.key) ?? 0);
    return known.madeAt >= changedAt ? known.plan : this.#makePlan(source);
  }

  /**
   * A DDL was executed: what it changed is looked at again before it is used, and so is everything when it changed foreign
   * keys, which tie tables together.
   *
   * @param changed - downstream names of the tables; the table is empty for a whole database
   */
  invalidate(changed: readonly { schema: string; table: string }[]): void {
    this.#time++;
    this.#referencesAreOld = true;
    this.#structures.forget();
    this.#triggers.clear();
    if (changed.some(({ table }) => table === '')) this.#forgetAll();
    for (const { schema, table } of changed) {
      const key = this.#key(schema, table);
      this.#tables.delete(key);
      this.#changedAt.set(key, this.#time);
    }
  }

  #forgetAll(): void {
    this.#tables.clear();
    this.#changedAt.clear();
    this.#allChangedAt = this.#time;
  }

  async #makePlan(source: Table): Promise<TablePlan> {
    if (this.#referencesAreOld) await this.#lookAtReferences();
    const { schema, table } = this.#mapping.target(source.schema, source.name);
    const key = this.#key(schema, table);
    const known = this.#plans.get(source);
    const changedAt = Math.max(this.#allChangedAt, this.#changedAt.get(key) ?? 0);
    if (known !== undefined && known.madeAt >= changedAt) return known.plan;
    const plan = new TablePlan(source, await this.#load(schema, table), this.#mapping, this.#target);
    this.#plans.set(source, { plan, key, madeAt: this.#time });
    return plan;
  }

  async #lookAtReferences(): Promise<void> {
    const references = await this.#readReferences();
    const changed = JSON.stringify(references) !== JSON.stringify(this.#references ?? []);
    this.#references = references;
    this.#referencesAreOld = false;
    if (!changed) return;
    this.#time++;
    this.#forgetAll();
  }

  async #load(schema: string, table: string): Promise<DownstreamTable | undefined> {
    const key = this.#key(schema, table);
    if (this.#tables.has(key)) return this.#tables.get(key);
    const found = await this.#describe(schema, table);
    if (this.#tables.size >= CACHE_SIZE) this.#tables.clear();
    this.#tables.set(key, found);
    return found;
  }

  async #describe(schema: string, table: string): Promise<DownstreamTable | undefined> {
    const structure = await this.#structures.get(schema, table);
    if (structure === undefined) return undefined;
    const triggers = this.#triggers.get(schema) ?? (await this.#readTriggers(schema));
    this.#triggers.set(schema, triggers);
    this.#references ??= await this.#readReferences();
    const key = this.#key(schema, table);
    return { structure, hasTriggers: triggers.has(key), children: childrenOf(this.#references, key) };
  }

  #readReferences(): Promise<Reference[]> {
    return this.#ask((connection) => readReferences(connection, this.#target));
  }

  /** Tables of the schema that have triggers. */
  async #readTriggers(schema: string): Promise<ReadonlySet<string>> {
    const names = await this.#ask((connection) => readTriggers(connection, schema));
    return new Set(names.map((name) => this.#key(schema, name)));
  }

  #key(schema: string, table: string): string {
    return tableKey(this.#target, schema, table);
  }
}

/** Direct children and, behind those that the server changes itself, theirs. */
function childrenOf(references: readonly Reference[], parent: string): DownstreamTable['children'] {
  const of = (key: string): Reference[] => references.filter(({ refKey }) => refKey === key);
  const children: DownstreamTable['children'] = [];
  const seen = new Set<string>();
  const add = (child: Reference, refColumns: string[]): void => {
    const key = JSON.stringify([child.key, refColumns]);
    if (seen.has(key)) return;
    seen.add(key);
    const { changesChildren } = child;
    children.push({ schema: child.schema, table: child.table, refColumns, changesChildren });
    if (!changesChildren) return;
    for (const next of of(child.key)) add(next, refColumns);
  };
  for (const child of of(parent)) add(child, child.refColumns);
  return children;
}

async function readTriggers(connection: DbConnection, schema: string): Promise<string[]> {
  const rows = await queryRows(
    connection,
    'downstream',
    `SELECT DISTINCT EVENT_OBJECT_TABLE AS name FROM information_schema.TRIGGERS ` +
      `WHERE EVENT_OBJECT_SCHEMA = ${quoteString(schema)}`,
  );
  return rows.map((row) => String(row['name']));
}

async function readReferences(connection: DbConnection, target: Target): Promise<Reference[]> {
  const rows = await queryRows(
    connection,
    'downstream',
    `SELECT k.TABLE_SCHEMA AS s, k.TABLE_NAME AS t, k.CONSTRAINT_NAME AS n, k.REFERENCED_TABLE_SCHEMA AS rs,
       k.REFERENCED_TABLE_NAME AS rt, k.REFERENCED_COLUMN_NAME AS rc, r.DELETE_RULE AS d, r.UPDATE_RULE AS u
     FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
       ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
       AND r.TABLE_NAME = k.TABLE_NAME
     WHERE k.REFERENCED_TABLE_NAME IS NOT NULL
     ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`,
  );
  const byConstraint = new Map<string, Reference>();
  for (const row of rows) {
    const key = JSON.stringify([row['s'], row['t'], row['n']]);
    const known = byConstraint.get(key);
    if (known === undefined) byConstraint.set(key, referenceOf(row, target));
    else known.refColumns.push(String(row['rc']));
  }
  return [...byConstraint.values()];
}

function referenceOf(row: Row, target: Target): Reference {
  const [schema, table] = [String(row['s']), String(row['t'])];
  return {
    schema,
    table,
    key: tableKey(target, schema, table),
    refKey: tableKey(target, String(row['rs']), String(row['rt'])),
    refColumns: [String(row['rc'])],
    changesChildren: CHANGING_ACTIONS.has(String(row['d'])) || CHANGING_ACTIONS.has(String(row['u'])),
  };
}
