import type { AlterClause, AlterTable, TableElement } from './ast.js';
import { dependency } from './dependencies.js';
import { render } from './render.js';
import type { Change, KnownColumn } from './change.js';

/**
 * Order in which single changes give what the server makes of all at once: the table's charset before columns that take
 * it; keys and constraints go before columns do; columns are changed in place before others are placed after their new
 * names; keys come when their columns are there; the new table name at last.
 */
const PHASE = {
  charset: 0,
  dropConstraint: 1,
  dropIndex: 2,
  dropColumn: 3,
  change: 4,
  place: 5,
  renameIndex: 6,
  addKey: 7,
  addConstraint: 8,
  other: 9,
  partition: 10,
  rename: 11,
} as const;

/** Phases whose changes can depend on each other. */
const CORE = { from: PHASE.dropConstraint, to: PHASE.addConstraint };

/** Texts of the single changes of an ALTER TABLE in order, and why some stayed together. */
export function alterParts(
  statement: AlterTable,
  options: { separateDependent?: boolean; columns?: readonly KnownColumn[] },
): { parts: string[]; atomic?: string } {
  const changes = effective(statement.clauses).flatMap((clause) => toChanges(statement, clause));
  const ordered = order(changes, options.columns ?? []);
  if (options.separateDependent === true) return { parts: ordered.map((change) => change.text) };
  const core = ordered.filter(isCore);
  const atomic = core.length > 1 ? dependency(core, options.columns) : undefined;
  if (atomic === undefined) return { parts: ordered.map((change) => change.text) };
  const texts = (some: readonly Change[]): string[] => some.map((change) => change.text);
  const before = ordered.filter((change) => change.phase < CORE.from);
  const after = ordered.filter((change) => change.phase > CORE.to);
  // inside one statement the written order holds
  const together = changes
    .filter(isCore)
    .map((change) => change.text)
    .join(', ');
  return { parts: [...texts(before), together, ...texts(after)], atomic };
}

/** Clauses that change something: of several new names for the table servers take the last. */
function effective(clauses: readonly AlterClause[]): AlterClause[] {
  const lastName = clauses.findLast((clause) => clause.action === 'rename-table');
  return clauses.filter(
    (clause) => clause.action !== 'hint' && (clause.action !== 'rename-table' || clause === lastName),
  );
}

function isCore(change: Change): boolean {
  return change.phase >= CORE.from && change.phase <= CORE.to;
}

function toChanges(statement: AlterTable, clause: AlterClause): Change[] {
  if (clause.action !== 'add') return [{ clause, text: render(statement, clause), phase: phaseOf(clause) }];
  const { elements, parenthesised } = clause;
  return elements.map((element) => ({
    clause,
    element,
    text: parenthesised ? addText(element, render(statement, element)) : render(statement, clause),
    phase: ELEMENT_PHASES[element.element],
  }));
}

function addText(element: TableElement, text: string): string {
  if (element.element !== 'column') return `ADD ${text}`;
  return element.ifNotExists ? `ADD COLUMN IF NOT EXISTS ${text}` : `ADD COLUMN ${text}`;
}

const ELEMENT_PHASES: Record<TableElement['element'], number> = {
  column: PHASE.place,
  index: PHASE.addKey,
  'foreign-key': PHASE.addConstraint,
  check: PHASE.addConstraint,
  period: PHASE.addConstraint,
};

const CLAUSE_PHASES: Record<Exclude<AlterClause['action'], 'add'>, number> = {
  'drop-foreign-key': PHASE.dropConstraint,
  'drop-constraint': PHASE.dropConstraint,
  'drop-check': PHASE.dropConstraint,
  'drop-period': PHASE.dropConstraint,
  'drop-index': PHASE.dropIndex,
  'drop-primary-key': PHASE.dropIndex,
  'drop-column': PHASE.dropColumn,
  'modify-column': PHASE.change,
  'change-column': PHASE.change,
  'rename-column': PHASE.change,
  'set-default': PHASE.change,
  'drop-default': PHASE.change,
  'set-column-visibility': PHASE.change,
  'rename-index': PHASE.renameIndex,
  'convert-charset': PHASE.addConstraint,
  'set-index-visibility': PHASE.other,
  'set-check-enforced': PHASE.other,
  options: PHASE.other,
  'order-by': PHASE.other,
  'set-keys': PHASE.other,
  'system-versioning': PHASE.other,
  storage: PHASE.other,
  hint: PHASE.other,
  'partition-by': PHASE.partition,
  'remove-partitioning': PHASE.partition,
  partition: PHASE.partition,
  'rename-table': PHASE.rename,
};

function phaseOf(clause: Exclude<AlterClause, { action: 'add' }>): number {
  if (clause.action === 'modify-column' || clause.action === 'change-column') {
    return clause.position === undefined ? PHASE.change : PHASE.place;
  }
  if (clause.action === 'options' && clause.options.some(({ name }) => CHARSET_OPTIONS.has(name))) return PHASE.charset;
  return CLAUSE_PHASES[clause.action];
}

const CHARSET_OPTIONS: ReadonlySet<string> = new Set(['CHARACTER SET', 'COLLATE']);

/** By phase; within one as written, but generated columns are dropped before those they are made of. */
function order(changes: readonly Change[], known: readonly KnownColumn[]): Change[] {
  const generated = new Set(known.filter((column) => column.generated).map((column) => column.name.toLowerCase()));
  const rank = (change: Change): number =>
    change.clause.action === 'drop-column' && generated.has(change.clause.column.name.toLowerCase()) ? -0.5 : 0;
  return [...changes].sort((a, b) => a.phase + rank(a) - (b.phase + rank(b)));
}
