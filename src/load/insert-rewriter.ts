import { dmError } from '../errors/dm-error.js';
import type { ColumnChange } from '../filter/column-mapping.js';
import type { TargetTable } from '../filter/router.js';
import { quoteColumns, quoteTable } from '../mysql/quote.js';
import { changeTuples } from './insert-tuples.js';
import type { DumpedTable } from './inventory.js';
import { statementBytes, type FileStatement } from './statement-reader.js';

/** The start of an INSERT up to its rows. Places are bytes from the start of the statement. */
interface InsertHead {
  /** The table's name, with its database when that is written. */
  nameStart: number;
  nameEnd: number;
  /** Names of the columns; undefined when the statement lists none. */
  columns: string[] | undefined;
  /** Behind VALUES. */
  rowsStart: number;
}

/** Options of {@link InsertRewriter}. */
export interface InsertRewriterOptions {
  table: DumpedTable;
  /** Columns of the rows of statements that list none; undefined = such statements stay without a list. */
  columns: readonly string[] | undefined;
  /** Change of a value in each row, for rows with these columns; undefined = none. */
  change: (columns: readonly string[]) => ColumnChange | undefined;
}

/**
 * Makes the INSERT statements of a table's data files fit the downstream: the table's name there, columns named (it may have
 * more of them, or another order), mapped values.
 */
export class InsertRewriter {
  readonly #options: InsertRewriterOptions;
  readonly #target: Buffer;

  constructor(options: InsertRewriterOptions) {
    this.#options = options;
    this.#target = Buffer.from(quotedName(options.table.target));
  }

  /**
   * The statement to be sent.
   *
   * @throws DmError 34009 when it is not an INSERT, 34011 or 36033 when a value cannot be mapped
   */
  rewrite(statement: FileStatement, file: string): FileStatement {
    const { table, columns: known, change } = this.#options;
    const head = readHead(statement);
    if (head === undefined) throw dmError(34009, [`${describe(statement)}... (file ${file})`]);
    const columns = head.columns ?? known;
    const isRenamed = table.target.table !== table.name || table.target.schema !== table.schema;
    const lacksList = head.columns === undefined && known !== undefined;
    // A mapping that cannot find its columns is an error, never left out.
    const changed = change(columns ?? []);
    if (!isRenamed && !lacksList && changed === undefined) return statement;
    const list = lacksList ? ` (${quoteColumns(known)}) ` : '';
    const rows =
      changed === undefined
        ? behind(statement.pieces, head.nameEnd)
        : [
            ...between(statement.pieces, head.nameEnd, head.rowsStart),
            ...changeTuples(statementBytes(statement), head.rowsStart, changed),
          ];
    const pieces = [...between(statement.pieces, 0, head.nameStart), this.#target, Buffer.from(list), ...rows];
    return { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0), end: statement.end };
  }
}

function quotedName(target: TargetTable): string {
  return quoteTable(target.schema, target.table);
}

/** What of a statement may stand in a message: nothing of its rows. */
export function describe(statement: FileStatement): string {
  const head = readHead(statement);
  const text = statementBytes(statement, head?.rowsStart ?? 60)
    .toString('utf8')
    .trim();
  return head === undefined ? text.slice(0, 60) : text;
}

/** Bytes in which a statement's head is looked for: names of 4,096 columns of 64 characters. */
const MAX_HEAD = 2 * 1024 * 1024;
const SHORT_HEAD = 4096;

// Each alternative begins with another character, so that a text that fits none is left at once.
const COMMENTS = String.raw`(?:\s|--\s[^\n]*\n|#[^\n]*\n|\/\*(?![!M])(?:[^*]|\*(?!\/))*\*\/)*`;
const NAME = String.raw`(?:\x60(?:[^\x60]|\x60\x60)+\x60|"(?:[^"]|"")+"|[\w$\x80-\xff]+)`;
const HEAD = new RegExp(
  String.raw`^${COMMENTS}(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s*)?` +
    String.raw`(?<name>${NAME}(?:\s*\.\s*${NAME})?)(?:\s*\((?<columns>\s*${NAME}(?:\s*,\s*${NAME})*\s*)\))?\s*VALUES?(?=[\s(])`,
  'id',
);

/** Reads the head as bytes that stand for characters, so that places in the text are places in the file. */
function readHead(statement: FileStatement): InsertHead | undefined {
  for (const size of [SHORT_HEAD, MAX_HEAD]) {
    const match = HEAD.exec(statementBytes(statement, size).toString('latin1'));
    if (match !== null) {
      const [nameStart, nameEnd] = match.indices?.groups?.['name'] ?? [0, 0];
      return { nameStart, nameEnd, columns: columnNames(match.groups?.['columns']), rowsStart: match[0].length };
    }
    if (statement.length <= size) return undefined;
  }
  return undefined;
}

function columnNames(list: string | undefined): string[] | undefined {
  if (list === undefined) return undefined;
  const names = list.match(new RegExp(NAME, 'g')) ?? [];
  return names.map((quoted) => {
    const name = Buffer.from(quoted, 'latin1').toString('utf8');
    const quote = name.charAt(0);
    return quote === '`' || quote === '"' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
  });
}

/** The bytes from `start` on, as views of the pieces. */
function behind(pieces: readonly Buffer[], start: number): Buffer[] {
  return between(pieces, start, Number.POSITIVE_INFINITY);
}

function between(pieces: readonly Buffer[], start: number, end: number): Buffer[] {
  const result: Buffer[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(0, start - at);
    const to = Math.min(piece.length, end - at);
    if (from < to) result.push(piece.subarray(from, to));
    at += piece.length;
  }
  return result;
}
