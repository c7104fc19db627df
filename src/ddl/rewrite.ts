import { dmError } from '../errors/dm-error.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import type { IndexDefinitionKind, NamedObject, Span, Statement, TableOption } from './ast.js';
import { behindComma, MARIADB_STORAGE_OPTIONS, mariadbEdits } from './mariadb-words.js';
import { render, type Edit } from './render.js';

/** Name of a table, or of a database when `table` is empty. */
export interface TargetName {
  schema: string;
  table: string;
}

/** Gives the downstream name of an upstream table; `table` is empty for a database, and then in the answer too. */
export type RenameTarget = (schema: string, table: string) => TargetName;

export interface RewriteOptions {
  /** Absent: every name is kept, though in full. */
  target?: RenameTarget;
  /** CREATE DATABASE/TABLE get IF NOT EXISTS, DROP DATABASE/TABLE IF EXISTS. */
  existence?: boolean;
  /** DROP INDEX gets IF EXISTS: TiDB and MariaDB know that, MySQL does not. */
  dropIndexExistence?: boolean;
  /** Leaves out table options that are about storage of another engine than TiDB's: see {@link FOREIGN_OPTIONS}. */
  dropForeignOptions?: boolean;
  /** Options that CREATE TABLE or DATABASE gets behind its own, such as a default collation. */
  furtherOptions?: string;
  /** The statement is MariaDB's, the downstream another product: see {@link mariadbEdits}. */
  leavesMariadb?: boolean;
  /** Character set of the table or database, for collations of MariaDB that do not name theirs. */
  charset?: string | undefined;
}

/**
 * The statement with every database, table, view and sequence name replaced and written in full, and the additions asked
 * for. All else stays as it is, except for what {@link render} settles.
 *
 * @throws 11119 for CREATE TABLE ... SELECT (the query names tables in ways that only the server resolves), and for a name
 *   that stands in no known database.
 */
export function rewriteStatement(statement: Statement, options: RewriteOptions = {}): string {
  const target = options.target ?? ((schema, table) => ({ schema, table }));
  if (statement.kind === 'create-table' && statement.select !== undefined) throw refusal(statement);
  const edits = statement.objects.map((object) => nameEdit(statement, object, target));
  if (options.existence === true) edits.push(...existenceEdits(statement));
  if (options.dropIndexExistence === true && statement.kind === 'drop-index' && !statement.ifExists) {
    edits.push(insertion(statement.name.start, 'IF EXISTS '));
  }
  if (options.dropForeignOptions === true) edits.push(...foreignOptionEdits(statement));
  if (options.furtherOptions !== undefined) edits.push(...optionEdits(statement, options.furtherOptions));
  if (options.leavesMariadb === true) edits.push(...mariadbEdits(statement, options.charset));
  return render(statement, statement, edits);
}

/** The statement with all names replaced by what `target` says, in full. Errors as {@link rewriteStatement}. */
export function renameObjects(statement: Statement, target: RenameTarget): string {
  return rewriteStatement(statement, { target });
}

/** The statement with IF NOT EXISTS or IF EXISTS where DM adds it, names in full. */
export function addExistence(statement: Statement): string {
  return rewriteStatement(statement, { existence: true });
}

function refusal(statement: Statement, cause?: string): Error {
  const names = statement.objects.map((object) => `${object.schema}.${object.name}`);
  return dmError(11119, [statement.text, names], {
    ...(cause === undefined ? {} : { cause }),
    workaround:
      'Please create the table and copy its rows by hand downstream, then start the task behind this statement.',
  });
}

function nameEdit(statement: Statement, object: NamedObject, target: RenameTarget): Edit {
  const { start, end } = object;
  if (object.role === 'qualifier') return unqualified(statement, object);
  if (object.schema === '') throw refusal(statement, 'no database is known for a name without one');
  if (object.type === 'database') {
    const name = quoteIdent(target(object.schema, '').schema);
    // ALTER DATABASE without a name means the default one
    return { start, end, text: object.qualified ? name : ` ${name} ` };
  }
  const { schema, table } = target(object.schema, object.name);
  return { start, end, text: quoteTable(schema, table) };
}

/**
 * A column of the statement's own table needs no table before it, whatever that table is called downstream; but a name
 * that is reserved stands there without quotes only behind a dot.
 */
function unqualified(statement: Statement, { start, end }: NamedObject): Edit {
  const word = /^[\p{L}\p{N}_$]+/u.exec(statement.text.slice(end))?.[0];
  return word === undefined ? { start, end, text: '' } : { start, end: end + word.length, text: quoteIdent(word) };
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

function existenceEdits(statement: Statement): Edit[] {
  const { kind } = statement;
  if (kind === 'create-table' || kind === 'create-database') {
    const name = kind === 'create-table' ? statement.table : statement.name;
    return statement.ifNotExists || statement.orReplace ? [] : [insertion(name.start, 'IF NOT EXISTS ')];
  }
  if (kind === 'drop-table' || kind === 'drop-database') {
    const name = kind === 'drop-table' ? statement.tables[0] : statement.name;
    return statement.ifExists || name === undefined ? [] : [insertion(name.start, 'IF EXISTS ')];
  }
  return [];
}

/** Options about files, servers and storage of engines upstream. TiDB ignores some and refuses others. */
export const FOREIGN_OPTIONS: ReadonlySet<string> = new Set([
  'DATA DIRECTORY',
  'INDEX DIRECTORY',
  'TABLESPACE',
  'STORAGE',
  'CONNECTION',
  'UNION',
  'INSERT_METHOD',
  'NODEGROUP',
  'AUTOEXTEND_SIZE',
  ...MARIADB_STORAGE_OPTIONS,
]);

function optionEdits(statement: Statement, options: string): Edit[] {
  if (statement.kind === 'create-database') return [insertion(statement.end, ` ${options}`)];
  if (statement.kind !== 'create-table') return [];
  return [insertion(statement.partitioning?.start ?? statement.end, ` ${options} `)];
}

function foreignOptionEdits(statement: Statement): Edit[] {
  const options: TableOption[] = statement.kind === 'create-table' ? statement.options : [];
  return options
    .filter((option) => FOREIGN_OPTIONS.has(option.name))
    .map(({ start, end }) => ({ start, end: behindComma(statement.text, end), text: '' }));
}

const INDEX_WORDS: Record<IndexDefinitionKind, string> = {
  PRIMARY: '',
  INDEX: '',
  UNIQUE: 'UNIQUE ',
  FULLTEXT: 'FULLTEXT ',
  SPATIAL: 'SPATIAL ',
  VECTOR: 'VECTOR ',
};

/** MariaDB's CREATE OR REPLACE as what it does: DROP and CREATE. Undefined for other statements. */
export function replaceAsDropAndCreate(statement: Statement): [drop: string, create: string] | undefined {
  const { kind } = statement;
  if ((kind !== 'create-table' && kind !== 'create-index' && kind !== 'create-database') || !statement.orReplace) {
    return undefined;
  }
  if (kind === 'create-table') {
    const words = statement.temporary ? 'TEMPORARY TABLE' : 'TABLE';
    const name = render(statement, statement.table);
    return [`DROP ${words} IF EXISTS ${name}`, headReplaced(statement, statement.table, `CREATE ${words} `)];
  }
  if (kind === 'create-database') {
    const name = render(statement, statement.name);
    return [`DROP DATABASE IF EXISTS ${name}`, headReplaced(statement, statement.name, 'CREATE DATABASE ')];
  }
  const { index, table } = statement;
  if (index.name === undefined) return undefined;
  const drop = `DROP INDEX ${render(statement, index.name)} ON ${render(statement, table)}`;
  return [drop, headReplaced(statement, index.name, `CREATE ${INDEX_WORDS[index.kind]}INDEX `)];
}

/** The statement with other words before the name. */
function headReplaced(statement: Statement, name: Span, words: string): string {
  return render(statement, statement, [{ start: statement.start, end: name.start, text: words }]);
}
