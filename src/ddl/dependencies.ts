import { definedColumn, type Change, type KnownColumn } from './change.js';

const COLUMN_TWICE = 'a column is changed twice';
const COLUMN_NAME = 'a column takes the name of another one that is changed or dropped';

/** Whether changes belong together, by what {@link dependency} says, because names of columns go over from one to another. */
export function reusesColumns(reason: string): boolean {
  return reason === COLUMN_TWICE || reason === COLUMN_NAME;
}

/**
 * Why the changes, executed one by one in this order, might not give what they give together: a text for people, or
 * undefined. In doubt they stay together: one statement is always right where the downstream takes several changes.
 */
export function dependency(
  changes: readonly Change[],
  columns: readonly KnownColumn[] | undefined,
): string | undefined {
  return (
    columnNames(changes) ??
    indexNames(changes) ??
    constraintNames(changes) ??
    primaryKey(changes) ??
    autoIncrement(changes) ??
    convertedColumns(changes) ??
    expressions(changes) ??
    allDropped(changes, columns)
  );
}

const lower = (name: string): string => name.toLowerCase();

/** Names of existing columns that a change is about. */
function consumed({ clause }: Change): string[] {
  const { action } = clause;
  if (action === 'change-column' || action === 'rename-column') return [lower(clause.from.name)];
  if (action === 'modify-column') return [lower(clause.column.name.name)];
  const named =
    action === 'drop-column' ||
    action === 'set-default' ||
    action === 'drop-default' ||
    action === 'set-column-visibility';
  return named ? [lower(clause.column.name)] : [];
}

/** Names that are new after a change. */
function produced({ clause, element }: Change): string[] {
  if (element?.element === 'column') return [lower(element.name.name)];
  if (clause.action === 'rename-column') return newName(clause.from.name, clause.to.name);
  return clause.action === 'change-column' ? newName(clause.from.name, clause.column.name.name) : [];
}

function newName(from: string, to: string): string[] {
  return lower(from) === lower(to) ? [] : [lower(to)];
}

function columnNames(changes: readonly Change[]): string | undefined {
  const old = changes.flatMap(consumed);
  const names = new Set(old);
  if (names.size < old.length) return COLUMN_TWICE;
  // also the name of a dropped column: MySQL lets its keys go over to the new one
  const reused = changes.flatMap(produced).some((name) => names.has(name));
  return reused ? COLUMN_NAME : undefined;
}

function indexNames(changes: readonly Change[]): string | undefined {
  const old = changes.flatMap(({ clause }) => {
    if (clause.action === 'drop-index') return [lower(clause.name.name)];
    return clause.action === 'rename-index' ? [lower(clause.from.name)] : [];
  });
  const fresh = changes.flatMap(({ clause, element }) => {
    if (element?.element === 'index') return element.name === undefined ? [] : [lower(element.name.name)];
    return clause.action === 'rename-index' ? [lower(clause.to.name)] : [];
  });
  const names = new Set(old);
  if (names.size < old.length) return 'an index is changed twice';
  if (fresh.some((name) => names.has(name))) return 'an index takes the name of another one';
  const dropsColumn = changes.some(({ clause }) => clause.action === 'drop-column');
  const renames = changes.some(({ clause }) => clause.action === 'rename-index');
  return dropsColumn && renames ? 'an index may go with its columns before it is renamed' : undefined;
}

/** Servers let one statement drop the same constraint twice. */
function constraintNames(changes: readonly Change[]): string | undefined {
  const names = changes.flatMap(({ clause }) => {
    const { action } = clause;
    const drops = action === 'drop-constraint' || action === 'drop-check' || action === 'drop-foreign-key';
    return drops ? [lower(clause.name.name)] : [];
  });
  return new Set(names).size < names.length ? 'a constraint is dropped twice' : undefined;
}

/** A table with AUTO_INCREMENT cannot be without the key of that column for a moment. */
function primaryKey(changes: readonly Change[]): string | undefined {
  const drops = changes.some(({ clause }) => clause.action === 'drop-primary-key' || clause.action === 'drop-index');
  if (!drops) return undefined;
  const remade = changes.some(({ clause, element }) => {
    if (element?.element === 'index') return element.kind === 'PRIMARY' || element.kind === 'UNIQUE';
    if (element?.element === 'column') return element.primaryKey || element.unique || element.autoIncrement;
    return clause.action === 'modify-column' || clause.action === 'change-column';
  });
  return remade ? 'a key is dropped while columns or keys that may need each other change' : undefined;
}

function autoIncrement(changes: readonly Change[]): string | undefined {
  const counters = changes.some((change) => definedColumn(change)?.autoIncrement === true);
  const keys = changes.some(({ element, clause }) => element?.element === 'index' || clause.action === 'drop-column');
  return counters && keys ? 'an AUTO_INCREMENT column needs its key at once' : undefined;
}

function convertedColumns(changes: readonly Change[]): string | undefined {
  const converts = changes.some(({ clause }) => clause.action === 'convert-charset');
  const others = changes.some((change) => definedColumn(change) !== undefined);
  return converts && others ? 'CONVERT TO CHARACTER SET also holds for the columns defined beside it' : undefined;
}

/** Expressions that speak of columns which come or change in the same statement. */
function expressions(changes: readonly Change[]): string | undefined {
  const names = new Set(changes.flatMap((change) => [...consumed(change), ...produced(change)]));
  for (const change of changes) {
    const own = definedColumn(change)?.name.name.toLowerCase();
    for (const word of expressionWords(change)) {
      if (word !== own && names.has(word)) return 'an expression speaks of a column that comes or changes beside it';
    }
  }
  return undefined;
}

/** Words of generated columns, defaults and inline checks, in lower case. Keys and constraints are added at the end. */
function expressionWords(change: Change): string[] {
  const column = definedColumn(change);
  if (column === undefined) return [];
  const texts = column.checks.map((check) => check.expression);
  if (column.generated?.kind === 'expression') texts.push(column.generated.expression);
  if (column.default?.kind === 'expression') texts.push(column.default.text);
  return texts.flatMap((text) => text.toLowerCase().match(/[\p{L}\p{N}_$]+/gu) ?? []);
}

function allDropped(changes: readonly Change[], columns: readonly KnownColumn[] | undefined): string | undefined {
  const dropped = new Set(
    changes.flatMap(({ clause }) => (clause.action === 'drop-column' ? [lower(clause.column.name)] : [])),
  );
  const leaves = columns?.some((column) => !dropped.has(lower(column.name))) ?? true;
  return leaves ? undefined : 'every column of before is dropped';
}
