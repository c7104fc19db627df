import { readStatement, renameObjects, splitStatement, type NamedObject, type Statement } from '../../ddl/index.js';
import { dmError } from '../../errors/dm-error.js';
import type { OnlineKind, OnlineTables } from '../../filter/online-tables.js';
import { changedObjects, planStatement, readDdl, type DdlPlanOptions, type StatementPlan } from './ddl-plan.js';
import type { QueryEvent } from '../events.js';
import type { OnlineChange, OnlineRecord, RecordedDdl } from './online-ddl.js';

/** How the statements of online DDL tools are told and followed. */
export interface OnlinePlanOptions {
  tables: OnlineTables;
  /** Whether the lists let a table of a tool pass: ignore lists by its own name, allow lists by the real table's. */
  passes(schema: string, table: string): boolean;
  record(ghostSchema: string, ghostTable: string): OnlineRecord | undefined;
  /** The upstream tells names by their case. */
  caseSensitive: boolean;
}

/** A statement and the session that executed it upstream, which is not always the event's. */
export interface PlannedStatement {
  plan: StatementPlan;
  session: QueryEvent;
  /** It was recorded for a ghost table. */
  recorded?: true;
}

/** What is to be done with a query event; `online` is what it does to the records of online DDL. */
export type EventPlan =
  { action: 'skip'; reason: string } | { action: 'apply'; statements: PlannedStatement[]; online: OnlineChange[] };

/**
 * Decides about a query event: statements on the tables of gh-ost and pt-online-schema-change are recorded or dropped, and
 * when the ghost table takes the real one's place, what was recorded is executed on the real one (manual section 1.4.2.4).
 * What is left are ordinary statements.
 *
 * @throws DmError 36046 when nothing is recorded of a table that takes a real one's place; 36044, 36045 for a RENAME that no
 *   tool does; 20049 when only one half of an exchange is told by the rules; as `planDdl` says
 */
export function planEvent(event: QueryEvent, options: DdlPlanOptions, online: OnlinePlanOptions): EventPlan {
  const read = readDdl(event, options);
  if ('reason' in read) return { action: 'skip', reason: read.reason };
  const { statement } = read;
  if (changedObjects(statement).every((object) => kindOf(object, online) === 'real')) {
    return { action: 'apply', statements: [{ plan: planStatement(statement, options), session: event }], online: [] };
  }
  const planner = new OnlinePlanner(event, options, online);
  if (statement.kind === 'rename-table') planner.checkExchange(statement.objects, statement.text);
  for (const piece of pieces(statement)) planner.add(piece);
  return { action: 'apply', statements: planner.statements, online: planner.changes };
}

function kindOf({ type, name }: NamedObject, { tables }: OnlinePlanOptions): OnlineKind {
  return type === 'database' ? 'real' : tables.classify(name).kind;
}

/** One statement a table, and a rename on its own. */
function pieces(statement: Statement): Statement[] {
  const renames = statement.kind === 'alter-table' && statement.clauses.some(({ action }) => action === 'rename-table');
  const many = statement.kind === 'rename-table' || statement.kind === 'drop-table' || renames;
  return many ? splitStatement(statement, { separateDependent: true }).parts : [statement];
}

/** Works through the pieces of one event, in order. */
class OnlinePlanner {
  readonly statements: PlannedStatement[] = [];
  readonly changes: OnlineChange[] = [];
  readonly #event: QueryEvent;
  readonly #options: DdlPlanOptions;
  readonly #online: OnlinePlanOptions;

  constructor(event: QueryEvent, options: DdlPlanOptions, online: OnlinePlanOptions) {
    this.#event = event;
    this.#options = options;
    this.#online = online;
  }

  add(piece: Statement): void {
    const [first] = changedObjects(piece);
    if (first === undefined) return;
    const to = changedObjects(piece).find(({ role }) => role === 'new-name');
    if (to !== undefined && isRename(piece)) this.#rename(piece, first, to);
    else if (kindOf(first, this.#online) === 'real') this.#ordinary(piece, this.#event);
    else if (kindOf(first, this.#online) === 'ghost' && this.#passes(first)) this.#ghost(piece, first);
  }

  /**
   * A table that gives its name to another is the exchange in which every run ends: the rules must fit both halves.
   *
   * @throws DmError 20049
   */
  checkExchange(objects: readonly NamedObject[], sql: string): void {
    const [real, trash, ghost, again] = objects;
    if (real === undefined || trash === undefined || ghost === undefined || again === undefined) return;
    if (objects.length !== 4 || !this.#isSame(real, again) || !this.#passes(real)) return;
    const kinds = [real, trash, ghost].map((object) => kindOf(object, this.#online));
    if (kinds[0] !== 'real' || (kinds[1] === 'trash') === (kinds[2] === 'ghost')) return;
    const [wrong, key] = kinds[1] === 'trash' ? [ghost, 'shadow-table-rules'] : [trash, 'trash-table-rules'];
    throw dmError(20049, [sql, quoted(wrong), key]);
  }

  #ordinary(statement: Statement, session: QueryEvent): void {
    this.statements.push({ plan: planStatement(statement, this.#options), session });
  }

  #ghost(piece: Statement, ghost: NamedObject): void {
    const { schema, name } = ghost;
    if (piece.kind === 'create-table' || piece.kind === 'drop-table') {
      this.#forget(ghost);
      return;
    }
    // The ghost's rows are of no interest, and the real table's stay.
    if (piece.kind === 'truncate-table') return;
    const ddl: RecordedDdl = {
      sql: piece.text.slice(piece.start, piece.end),
      session: sessionOf(this.#event, piece.text !== this.#event.sql),
      at: `${this.#event.start.name}:${this.#event.start.pos}`,
    };
    const before = this.#record(ghost)?.ddls ?? [];
    if (before.some(({ sql, at }) => sql === ddl.sql && at === ddl.at)) return;
    const record: OnlineRecord = {
      ghostSchema: schema,
      ghostTable: name,
      schema,
      table: this.#online.tables.classify(name).origin,
      ddls: [...before, ddl],
    };
    this.changes.push({ ghostSchema: schema, ghostTable: name, record });
  }

  #forget({ schema, name }: NamedObject): void {
    this.changes.push({ ghostSchema: schema, ghostTable: name });
  }

  /** What is recorded, with what earlier pieces of this event did. */
  #record({ schema, name }: NamedObject): OnlineRecord | undefined {
    const own = this.changes.findLast((change) => change.ghostSchema === schema && change.ghostTable === name);
    return own === undefined ? this.#online.record(schema, name) : own.record;
  }

  #rename(piece: Statement, from: NamedObject, to: NamedObject): void {
    const kinds = `${kindOf(from, this.#online)} ${kindOf(to, this.#online)}`;
    const hidden = !this.#passes(from);
    if (kinds === 'real real') this.#ordinary(piece, this.#event);
    // A tool's table that the lists hide takes the real one's place: what it looks like has to be asked for.
    else if (hidden && kindOf(to, this.#online) === 'real') this.#follow(piece, to);
    else if (hidden || kinds === 'real trash' || kinds === 'trash trash') return;
    else if (kinds === 'ghost real') this.#replay(piece, from, to);
    else if (kinds === 'ghost trash') this.#forget(from);
    else if (kinds === 'ghost ghost') this.#move(from, to);
    else if (kinds === 'real ghost') throw dmError(36044, [quoted(to)]);
    else if (kinds === 'trash ghost') throw dmError(36045, [quoted(to)]);
    else throw dmError(36046, [from.schema, from.name]);
  }

  #follow(piece: Statement, real: NamedObject): void {
    const why = this.#passes(real) ? 'unexecutable' : 'filtered';
    const plan: StatementPlan = { action: 'track', statement: piece, why, partly: why === 'unexecutable' };
    this.statements.push({ plan, session: this.#event });
  }

  #move(from: NamedObject, to: NamedObject): void {
    const record = this.#record(from);
    this.#forget(from);
    const moved = { ghostSchema: to.schema, ghostTable: to.name };
    const table = this.#online.tables.classify(to.name).origin;
    this.changes.push(record === undefined ? moved : { ...moved, record: { ...record, ...moved, table } });
  }

  /** The ghost table is the real one from now on: what was done to it is done downstream. */
  #replay(piece: Statement, ghost: NamedObject, real: NamedObject): void {
    const { origin } = this.#online.tables.classify(ghost.name);
    if (!this.#isSame(real, { ...ghost, name: origin })) {
      throw dmError(20049, [piece.text, quoted(real), 'shadow-table-rules']);
    }
    const record = this.#record(ghost);
    if (record === undefined || record.ddls.length === 0) throw dmError(36046, [ghost.schema, ghost.name]);
    for (const ddl of record.ddls) {
      const [statement, session] = this.#rewritten(ddl, record, real);
      this.statements.push({ plan: planStatement(statement, this.#options), session, recorded: true });
    }
    this.#forget(ghost);
  }

  #rewritten(ddl: RecordedDdl, record: OnlineRecord, real: NamedObject): [Statement, QueryEvent] {
    const session: QueryEvent = {
      ...this.#event,
      ...(ddl.session === undefined ? { schema: record.ghostSchema } : withoutSession(this.#event, ddl.session)),
      sql: ddl.sql,
    };
    const { flavor, serverVersion } = this.#options;
    const mode = session.sqlMode === undefined ? {} : { sqlMode: session.sqlMode };
    const options = { flavor, serverVersion, defaultSchema: session.schema };
    const recorded = readStatement(ddl.sql, { ...options, ...mode });
    // The ghost table may have had another name then.
    const ghost = changedObjects(recorded)[0] ?? { schema: record.ghostSchema, name: record.ghostTable };
    const sql = renameObjects(recorded, (schema, table) =>
      this.#isSame(ghost, { schema, name: table }) ? { schema: real.schema, table: real.name } : { schema, table },
    );
    // What was rewritten is quoted without regard to the modes.
    const plain = session.sqlMode === undefined ? {} : { sqlMode: session.sqlMode & ~QUOTING_MODES };
    return [readStatement(sql, { ...options, ...plain }), session];
  }

  #passes({ schema, name }: NamedObject): boolean {
    return this.#online.passes(schema, name);
  }

  #isSame(a: { schema: string; name: string }, b: { schema: string; name: string }): boolean {
    const { caseSensitive } = this.#online;
    const same = (x: string, y: string): boolean => (caseSensitive ? x === y : x.toLowerCase() === y.toLowerCase());
    return same(a.schema, b.schema) && same(a.name, b.name);
  }
}

/** ANSI_QUOTES and NO_BACKSLASH_ESCAPES. */
const QUOTING_MODES = 4n | (1n << 20n);

/** RENAME TABLE of one table, or an ALTER TABLE that does nothing else. */
function isRename(piece: Statement): boolean {
  if (piece.kind === 'rename-table') return true;
  return piece.kind === 'alter-table' && piece.clauses.every(({ action }) => action === 'rename-table');
}

/** @param rendered - the text is one that was put together by us: its quotes are ours */
function sessionOf(event: QueryEvent, rendered: boolean): NonNullable<RecordedDdl['session']> {
  const { type: _type, sql: _sql, start: _start, end: _end, inTransaction: _inTransaction, ...session } = event;
  const { sqlMode } = session;
  return rendered && sqlMode !== undefined ? { ...session, sqlMode: sqlMode & ~QUOTING_MODES } : session;
}

/** The recorded session on top of nothing of the event's own. */
function withoutSession(event: QueryEvent, session: NonNullable<RecordedDdl['session']>): QueryEvent {
  const { type, sql, start, end, inTransaction } = event;
  return { ...session, type, sql, start, end, inTransaction };
}

function quoted({ schema, name }: NamedObject): string {
  return `\`${schema}\`.\`${name}\``;
}
