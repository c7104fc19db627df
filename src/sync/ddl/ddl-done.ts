import type { AlterTable, Statement } from '../../ddl/index.js';

/** Exists already. */
const DUPLICATE_COLUMN = 1060;
const DUPLICATE_KEY = 1061;
/** Does not exist to be dropped. */
const CANNOT_DROP = 1091;

const DONE_ALREADY: Partial<Record<Statement['kind'], readonly number[]>> = {
  'create-database': [1007],
  'drop-database': [1008],
  'create-table': [1050],
  'drop-table': [1051],
  'create-index': [DUPLICATE_KEY],
  'drop-index': [CANNOT_DROP],
};

/**
 * Whether an error says that the change is there already. Anything else with that number is a real failure: a column that is
 * renamed to one that exists, for example.
 */
export function isDoneAlready(statement: Statement, errno: number): boolean {
  if (statement.kind === 'alter-table') return isAlterDone(statement, errno);
  return DONE_ALREADY[statement.kind]?.includes(errno) === true;
}

function isAlterDone({ clauses }: AlterTable, errno: number): boolean {
  const [clause, ...others] = clauses.filter(({ action }) => action !== 'hint');
  if (clause === undefined || others.length > 0) return false;
  if (clause.action !== 'add') return errno === CANNOT_DROP && clause.action.startsWith('drop-');
  const [element, ...further] = clause.elements;
  if (element === undefined || further.length > 0) return false;
  if (element.element === 'column') return errno === DUPLICATE_COLUMN;
  return element.element === 'index' && errno === DUPLICATE_KEY;
}
