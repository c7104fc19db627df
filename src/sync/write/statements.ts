import { sameValue } from './dependencies.js';
import type { RowImage } from '../events.js';
import type { RowJob } from './row-job.js';
import { cellSql, type Parameters, type TablePlan } from './table-plan.js';

/** A statement on rows, part of a transaction. */
export interface RowStatement {
  sql: string;
  /** Values of its place holders; such a statement is sent prepared. */
  parameters?: Parameters;
  /** Rows that an UPDATE or DELETE is meant to find; undefined where a difference means nothing. */
  rows?: number;
  /** Downstream name of the table of such rows, quoted. */
  table?: string;
}

/** Bytes of one statement at which the next is begun. */
const STATEMENT_BYTES = 512 * 1024;

/** Rows of one DELETE: its condition costs the optimizer memory for each. */
const DELETE_ROWS = 500;

/** Bytes from which an UPDATE names the changed columns alone. */
const WIDE_ROW_BYTES = 16 * 1024;

/** What becomes one statement. */
export interface Merging {
  /** The changes of one row. */
  compact: boolean;
  /** Changes of one kind on rows of a table. */
  multipleRows: boolean;
}

/**
 * The statements of a batch, as few as give the same result as one statement a change in order:
 * - tables with a single key: the changes of each key become one (deleted, inserted or updated in the end), and since rows
 *   of different keys do not see each other, deletes come first, then inserts, then updates;
 * - others, and without `compact`: in order, neighbours of one kind together.
 * Tables do not see each other either, except through foreign keys that are checked: those keep their order in common.
 */
export function mergedStatements(jobs: readonly RowJob[], { compact, multipleRows }: Merging): RowStatement[] {
  if (!compact && !multipleRows) return jobs.flatMap(plainStatements);
  const groups = new Map<string, RowJob[]>();
  for (const job of jobs) {
    const { plan } = job;
    const linked = job.foreignKeyChecks && (plan.references.length > 0 || plan.children.length > 0);
    const name = linked ? '' : plan.key;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [job]);
    else group.push(job);
  }
  const statements: RowStatement[] = [];
  for (const [name, group] of groups) {
    const [first] = group;
    const merges = compact && name !== '' && first !== undefined && canMerge(first.plan, group);
    const histories = merges ? keyHistories(first.plan, group) : undefined;
    if (first !== undefined && histories !== undefined) {
      statements.push(...mergeByKey(first.plan, histories.values(), first.safe, multipleRows));
    } else if (multipleRows) mergeNeighbours(group, statements);
    else statements.push(...group.flatMap(plainStatements));
  }
  return statements;
}

/** Rows of several upstream tables come together in one; those of other columns cannot be told by the same key. */
function canMerge(plan: TablePlan, jobs: readonly RowJob[]): boolean {
  return jobs.every((job) => job.plan.mergeable && isAlike(job.plan, plan));
}

/** One statement a change (several for an UPDATE in safe mode), in order. */
export function plainStatements(job: RowJob): RowStatement[] {
  const { plan, change } = job;
  if (change.kind === 'insert') return insertRows(plan, [change.after], job.safe);
  if (change.kind === 'delete') return [deleteRow(plan, change.before, job.safe)];
  if (!job.safe) return [updateRow(plan, change.before, change.after, job.bytes)];
  if (job.foreignKeyChecks) return moveWithChildren(plan, change.before, change.after);
  return [deleteRow(plan, change.before, true), ...insertRows(plan, [change.after], true)];
}

/**
 * In safe mode, an UPDATE of a key that rows of other tables refer to: they follow an UPDATE and not a REPLACE. What is left
 * of the row where it was, when the new key was there already, goes.
 */
function moveWithChildren(plan: TablePlan, before: RowImage, after: RowImage): RowStatement[] {
  const assignments = assign(plan, before, after, false);
  const values = plan.columns.map(({ name }) => `${name} = VALUES(${name})`);
  return [
    { sql: `UPDATE IGNORE ${plan.target} SET ${assignments} WHERE ${plan.where(before)}` },
    deleteRow(plan, before, true),
    { sql: `${insertHead(plan, false)}${tuple(plan, after)} ON DUPLICATE KEY UPDATE ${values.join(', ')}` },
  ];
}

/** {@link plainStatements} with big values as parameters. */
export function bigStatements(job: RowJob): RowStatement[] {
  const { plan, change } = job;
  const insert = (image: RowImage): RowStatement => {
    const parameters: Parameters = [];
    return { sql: insertHead(plan, job.safe) + tuple(plan, image, parameters), parameters };
  };
  const remove = (image: RowImage): RowStatement => {
    const parameters: Parameters = [];
    const sql = `DELETE FROM ${plan.target} WHERE ${plan.where(image, parameters)}`;
    return { sql, parameters, ...expectRows(plan, job.safe) };
  };
  if (change.kind === 'insert') return [insert(change.after)];
  if (change.kind === 'delete') return [remove(change.before)];
  if (job.safe && job.foreignKeyChecks) return moveWithChildren(plan, change.before, change.after);
  if (job.safe) return [remove(change.before), insert(change.after)];
  const parameters: Parameters = [];
  const assignments = assign(plan, change.before, change.after, true, parameters);
  const sql = `${updateHead(plan, assignments)} ${plan.where(change.before, parameters)}`;
  return [{ sql, parameters, ...expectRows(plan, false) }];
}

/** What a batch does to the row of a key; undefined = no such row. */
interface KeyHistory {
  first: RowImage | undefined;
  last: RowImage | undefined;
  bytes: number;
  /** More than one change. */
  several: boolean;
  /** The row of before was removed and another one came: it counts even if that of before is missing downstream. */
  reborn: boolean;
  /** The row of before went to another key, where it only comes to when it was there. */
  moved: boolean;
}

function mergeByKey(
  plan: TablePlan,
  histories: Iterable<KeyHistory>,
  safe: boolean,
  multipleRows: boolean,
): RowStatement[] {
  const deletes: RowImage[] = [];
  const moves: RowImage[] = [];
  const replacements: RowImage[] = [];
  const reborns: RowImage[] = [];
  const inserts: RowImage[] = [];
  const updates: RowImage[] = [];
  const apart: RowStatement[] = [];
  for (const { first, last, bytes, several, reborn, moved } of histories) {
    if (last !== undefined && reborn && !moved && !safe) {
      const alike = first !== undefined && plan.writesAll && canUpsert(plan, first, last, bytes);
      (alike ? reborns : replacements).push(last);
      continue;
    }
    if (first !== undefined && (last === undefined || (reborn && !safe)))
      (moved && !safe ? moves : deletes).push(first);
    if (last === undefined) continue;
    if (first === undefined || reborn || safe) inserts.push(last);
    else if (canUpsert(plan, first, last, bytes)) updates.push(last);
    // Of several updates all columns count: what they began with is not what the downstream has, if filters left some out.
    else apart.push(updateRow(plan, first, last, several ? 0 : bytes));
  }
  // Removed and inserted again: nearly always the row of before is there, and then it is nothing but an update. An upsert
  // of several rows tells when it was not.
  if (multipleRows && updates.length > 0) updates.push(...reborns);
  else replacements.push(...reborns);
  const grouped = (images: RowImage[], make: (images: readonly RowImage[]) => RowStatement[]): RowStatement[] =>
    multipleRows ? make(images) : images.flatMap((image) => make([image]));
  return [
    ...grouped(moves, (images) => moveRows(plan, images)),
    ...grouped(deletes, (images) => deleteRows(plan, images, safe)),
    // In one statement: whether the row of before is there does not matter to what is left.
    ...grouped(replacements, (images) => insertRows(plan, images, true)),
    ...grouped(inserts, (images) => insertRows(plan, images, safe)),
    ...grouped(updates, (images) => updateRows(plan, images)),
    ...apart,
  ];
}

/** Updates of rows that keep their key. */
function updateRows(plan: TablePlan, images: readonly RowImage[]): RowStatement[] {
  const [only] = images;
  if (only === undefined) return [];
  return images.length > 1 ? upsertRows(plan, images) : [updateRow(plan, only, only, 0)];
}

/** An update that changes nothing would not count as one. */
function canUpsert(plan: TablePlan, before: RowImage, after: RowImage, bytes: number): boolean {
  if (bytes >= WIDE_ROW_BYTES || plan.columns.length <= plan.mergeKey.length) return false;
  return plan.columns.some(({ at }) => !sameValue(before[at], after[at]));
}

/**
 * Keys are told apart by their exact values, not as the collation does: two spellings that the server calls equal never
 * exist at once, and deletes are sent first.
 *
 * Undefined when a row comes where there is one, or goes where there is none: tables that are merged into one have the same
 * key, or filters left out what was between. In order, the server refuses or misses what does not fit.
 */
function keyHistories(plan: TablePlan, jobs: readonly RowJob[]): Map<string, KeyHistory> | undefined {
  const histories = new Map<string, KeyHistory>();
  for (const { change, bytes, safe } of jobs) {
    const from = change.kind === 'insert' ? undefined : exactKey(plan, change.before);
    const to = change.kind === 'delete' ? undefined : exactKey(plan, change.after);
    const isMove = from !== undefined && to !== undefined && from !== to;
    if (from !== undefined && change.kind !== 'insert') {
      const history = histories.get(from);
      if (history === undefined) {
        const last = to === from && change.kind === 'update' ? change.after : undefined;
        histories.set(from, { first: change.before, last, bytes, several: false, reborn: false, moved: isMove });
      } else if (history.last === undefined && !safe) return undefined;
      else if (to === from && change.kind === 'update') take(history, change.after, bytes);
      else {
        history.last = undefined;
        if (isMove && !history.reborn) history.moved = true;
      }
    }
    if (to === undefined || to === from || change.kind === 'delete') continue;
    const history = histories.get(to);
    // In safe mode the row may have been there before: should the key end without a row, it must be deleted.
    if (history === undefined) {
      const first = safe ? change.after : undefined;
      histories.set(to, { first, last: change.after, bytes, several: false, reborn: false, moved: false });
    } else if (history.last !== undefined && !safe) return undefined;
    else {
      if (history.first !== undefined) history.reborn = true;
      take(history, change.after, bytes);
    }
  }
  return histories;
}

function take(history: KeyHistory, after: RowImage, bytes: number): void {
  history.last = after;
  history.several = true;
  history.bytes = Math.max(history.bytes, bytes);
}

function exactKey(plan: TablePlan, image: RowImage): string {
  const [only] = plan.mergeKey;
  if (plan.mergeKey.length === 1 && only !== undefined) return exactText(image[only.at]);
  let key = '';
  for (const { at } of plan.mergeKey) {
    const text = exactText(image[at]);
    key += `${text.length}:${text}`;
  }
  return key;
}

function exactText(value: RowImage[number]): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Buffer.isBuffer(value) ? value.toString('latin1') : value.bytes.toString('latin1');
}

/** In order, a run of changes of one kind on one table in one statement. */
function mergeNeighbours(jobs: readonly RowJob[], statements: RowStatement[]): void {
  let run: RowImage[] = [];
  let runOf: RowJob | undefined;
  const flush = (): void => {
    if (runOf === undefined) return;
    const { plan, change, safe } = runOf;
    statements.push(...(change.kind === 'insert' ? insertRows(plan, run, safe) : deleteRows(plan, run, safe)));
    run = [];
    runOf = undefined;
  };
  for (const job of jobs) {
    const { plan, change } = job;
    const joins = change.kind === 'insert' || (change.kind === 'delete' && plan.hasIdentity(change.before));
    if (runOf !== undefined && (!joins || !isAlike(runOf.plan, plan) || runOf.change.kind !== change.kind)) flush();
    if (!joins) statements.push(...plainStatements(job));
    else {
      runOf = job;
      run.push(change.kind === 'insert' ? change.after : change.before);
    }
  }
  flush();
}

function isAlike(a: TablePlan, b: TablePlan): boolean {
  return a === b || a.layout === b.layout;
}

function insertHead(plan: TablePlan, safe: boolean): string {
  return `${safe ? 'REPLACE' : 'INSERT'} INTO ${plan.target} (${plan.columnList}) VALUES `;
}

function insertRows(plan: TablePlan, images: readonly RowImage[], safe: boolean): RowStatement[] {
  return lists(insertHead(plan, safe), images, Infinity, (image) => tuple(plan, image)).map(({ sql }) => ({ sql }));
}

/**
 * Updates of rows that keep their key, as an upsert, followed by a statement that fails unless every row was found and
 * changed: an upsert must not bring back a row that is missing. The caller then repeats the batch one by one.
 */
function upsertRows(plan: TablePlan, images: readonly RowImage[]): RowStatement[] {
  const keys = new Set(plan.mergeKey.map(({ at }) => at));
  const assignments = plan.columns.filter(({ at }) => !keys.has(at)).map(({ name }) => `${name} = VALUES(${name})`);
  const tail = ` ON DUPLICATE KEY UPDATE ${assignments.join(', ')}`;
  return lists(insertHead(plan, false), images, Infinity, (image) => tuple(plan, image)).flatMap(({ sql, count }) => [
    { sql: sql + tail },
    // A row that was updated counts 2, one that was inserted or is unchanged counts less.
    failUnless(2 * count),
  ]);
}

function deleteRows(plan: TablePlan, images: readonly RowImage[], safe: boolean): RowStatement[] {
  const [only] = images;
  if (only === undefined) return [];
  if (images.length === 1) return [deleteRow(plan, only, safe)];
  const [column] = plan.mergeKey;
  const head = `DELETE FROM ${plan.target} WHERE `;
  if (plan.mergeKey.length === 1 && column !== undefined) {
    const items = lists(`${head}${column.name} IN (`, images, DELETE_ROWS, (image) => column.literal(image[column.at]));
    return items.map(({ sql, count }) => ({ sql: `${sql})`, ...expectRows(plan, safe, count) }));
  }
  const conditions = lists(head, images, DELETE_ROWS, (image) => `(${plan.where(image)})`, ' OR ');
  return conditions.map(({ sql, count }) => ({ sql, ...expectRows(plan, safe, count) }));
}

/** Takes rows away that come to other keys: each must be there, or the caller repeats the batch one by one. */
function moveRows(plan: TablePlan, images: readonly RowImage[]): RowStatement[] {
  return deleteRows(plan, images, false).flatMap(({ sql, rows = 0 }) => [{ sql }, failUnless(rows)]);
}

/** A statement that fails unless the one before it counted so many rows. */
function failUnless(rows: number): RowStatement {
  return { sql: `SELECT 9223372036854775807 + (ROW_COUNT() <> ${rows}) AS found` };
}

function deleteRow(plan: TablePlan, image: RowImage, safe: boolean): RowStatement {
  return { sql: `DELETE FROM ${plan.target} WHERE ${plan.where(image)}`, ...expectRows(plan, safe) };
}

function updateRow(plan: TablePlan, before: RowImage, after: RowImage, bytes: number): RowStatement {
  const assignments = assign(plan, before, after, bytes >= WIDE_ROW_BYTES);
  return { sql: `${updateHead(plan, assignments)} ${plan.where(before)}`, ...expectRows(plan, false) };
}

function updateHead(plan: TablePlan, assignments: string): string {
  return `UPDATE ${plan.target} SET ${assignments} WHERE`;
}

function assign(
  plan: TablePlan,
  before: RowImage,
  after: RowImage,
  changedOnly: boolean,
  parameters?: Parameters,
): string {
  const all = plan.columns.filter(({ at }) => after[at] !== undefined);
  const changed = changedOnly ? all.filter(({ at }) => !sameValue(before[at], after[at])) : all;
  const columns = changed.length > 0 ? changed : all.slice(0, 1);
  return columns.map((column) => `${column.name} = ${cellSql(column, after[column.at], parameters)}`).join(', ');
}

function tuple(plan: TablePlan, image: RowImage, parameters?: Parameters): string {
  let sql = '(';
  for (const column of plan.columns) {
    if (sql.length > 1) sql += ',';
    sql += cellSql(column, image[column.at], parameters);
  }
  return `${sql})`;
}

/** A list behind `head`, cut into several statements by size and number. */
function lists(
  head: string,
  images: readonly RowImage[],
  maxRows: number,
  item: (image: RowImage) => string,
  separator = ',',
): { sql: string; count: number }[] {
  const result: { sql: string; count: number }[] = [];
  let sql = '';
  let count = 0;
  for (const image of images) {
    sql = count === 0 ? head + item(image) : sql + separator + item(image);
    count++;
    if (sql.length >= STATEMENT_BYTES || count >= maxRows) {
      result.push({ sql, count });
      count = 0;
    }
  }
  if (count > 0) result.push({ sql, count });
  return result;
}

/** A row that is missing means something only outside safe mode. */
function expectRows(plan: TablePlan, safe: boolean, rows = 1): Pick<RowStatement, 'rows' | 'table'> {
  return safe ? {} : { rows, table: plan.target };
}
