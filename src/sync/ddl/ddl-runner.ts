import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../../config/types.js';
import { dmError } from '../../errors/dm-error.js';
import { faultPoint } from '../../fault/fault.js';
import type { Logger } from '../../log/logger.js';
import { FenceLostError, type Fence } from '../../meta/fence.js';
import { openConnection, queryRows, type DbConnection } from '../../mysql/connect.js';
import { databaseError, isConnectionError, isRetryable, serverErrno } from '../../mysql/errors.js';
import { quoteIdent, quoteString, quoteTable } from '../../mysql/quote.js';
import { defaultCollationOf, type ServerProfile } from '../../schema/server-profile.js';
import type { DdlIntent, SentStatement } from '../checkpoint/checkpoint.js';
import { isDoneAlready } from './ddl-done.js';
import { changedObjects, splitFurther, type DdlPart, type RewritePlanOptions } from './ddl-plan.js';
import { DdlProgress, statementId, type DdlTarget } from './ddl-progress.js';
import { executingState } from './ddl-running.js';
import type { QueryEvent } from '../events.js';
import { ddlSqlMode } from '../sql-mode.js';
import { hasExplicitDefaults } from './statement-context.js';
import { canIdentify, findIdentitySource, tableIdentity, type IdentitySource } from './table-identity.js';

/** Options of {@link DdlRunner}. */
export interface DdlRunnerOptions {
  to: DatabaseConfig;
  fence: Fence;
  plan: RewritePlanOptions;
  logger: Logger;
  /** `+01:00` form of the upstream's own zone, for events that say SYSTEM. */
  upstreamOffset: string;
  isTiDB: boolean;
  /** The downstream knows `default_collation_for_utf8mb4`. */
  hasUtf8mb4Default: boolean;
  /** The upstream: its settings hold where an event does not say the session's. */
  upstream: ServerProfile;
  retryMs: number;
  /** Asked right before a statement is sent: whether another process may own the unit by now. */
  mayWrite(): boolean;
  dead: AbortSignal;
  ending: AbortSignal;
  /** Stores what is about to be executed, or that nothing is. */
  saveIntent(intent: DdlIntent | undefined): Promise<void>;
  /** A statement that fails unless the stored intent has this marker. */
  intentCheckSql(marker: string): string;
}

const POLL_MS = 500;

/** Between two lines in the log about a statement that is waited for. */
const TELL_MS = 60_000;

/**
 * TiDB from 6.2 takes several changes in one statement, but not all: they must not be about the same object (8200), and
 * each must fit the table as it is before all of them (unknown column, no such column for a key).
 */
const TIDB_NOT_TOGETHER = new Set([8200, 1054, 1072]);

/** A statement on its way. `single`: one of the changes of a statement that is executed change by change. */
interface Step {
  part: DdlPart;
  id: string;
  event: QueryEvent;
  progress: DdlProgress;
  single: boolean;
}

/**
 * Executes the statements of a query event once, over crashes and lost connections. Before a statement is sent, what was
 * done before it and the state of what it names are stored; when it is not known whether it was executed, the state is
 * compared. A statement that the server still executes for a connection that is gone is waited for.
 */
export class DdlRunner {
  readonly #options: DdlRunnerOptions;
  #connection: DbConnection | undefined;
  #identitySource: { found: IdentitySource | undefined } | undefined;

  constructor(options: DdlRunnerOptions) {
    this.#options = options;
  }

  /**
   * Executes the parts in order. After a refusal the next run goes on with the part that was refused.
   *
   * @param seq - number of the event in the stream
   * @param begun - what an earlier run stored of this event
   * @throws DmError 10006 when the downstream refuses a statement
   */
  async execute(
    parts: readonly DdlPart[],
    event: QueryEvent,
    seq: number,
    begun: DdlIntent | undefined,
  ): Promise<void> {
    const progress = new DdlProgress(seq, begun);
    for (const part of parts) {
      const session = part.session ?? event;
      await this.#executePart({ ...this.#identified(part), event: session, progress, single: false });
    }
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #identified(part: DdlPart): { part: DdlPart; id: string } {
    return { part, id: statementId(part, this.#targets(part)) };
  }

  /**
   * Executes a statement whole, or change by change: where one of several changes is there already, the others must not be
   * lost with it. Each single change has its own record.
   */
  async #executePart(whole: Step): Promise<void> {
    const { id, part, progress } = whole;
    if (progress.takeDone(id)) return;
    if (!progress.isSeparated(id)) {
      if ((await this.#run(whole)) === 'done') {
        progress.finish(id);
        return;
      }
      progress.separate(id);
    }
    const singles: string[] = [];
    for (const single of splitFurther(part, this.#options.plan)) {
      const step = { ...whole, ...this.#identified(single), single: true };
      singles.push(step.id);
      if (progress.takeDone(step.id)) continue;
      await this.#run(step);
      progress.finish(step.id);
    }
    progress.finishSeparated(id, singles);
  }

  /** Executes one statement, over lost connections. `split`: it has to be done change by change, nothing was done. */
  async #run(step: Step): Promise<'done' | 'split'> {
    const { part, event, id, progress } = step;
    // Whether it is known that the statement has not had its effect, nor is on its way to it.
    let undone = progress.sent(id) === undefined;
    // Trouble counts, not the time for which the downstream executes a statement.
    let deadline = Date.now() + this.#options.retryMs;
    let sentAt: number | undefined;
    for (;;) {
      try {
        const connection = await this.#connected();
        const before = progress.sent(id);
        const askedAt = Date.now();
        if (before !== undefined && (await this.#isDone(connection, part, before))) return 'done';
        deadline += Date.now() - askedAt;
        undone = true;
        if (before === undefined && (await this.#mustSeparate(connection, step))) return 'split';
        // Sent once more it has a new marker, so that what was sent before cannot arrive late and be executed too.
        const sent =
          before === undefined ? await this.#newRecord(connection, step) : { ...before, marker: newMarker() };
        progress.setSent(sent);
        await this.#options.saveIntent(progress.intent);
        await this.#setSession(connection, event);
        await faultPoint('ddl.before-execute');
        if (!this.#options.mayWrite()) throw dmError(36020);
        sentAt = Date.now();
        return await this.#send(connection, step, sent.marker);
      } catch (error) {
        if (error instanceof FenceLostError) throw error;
        if (sentAt !== undefined) deadline += Date.now() - sentAt;
        sentAt = undefined;
        if (isConnectionError(error)) this.close();
        const passing = isRetryable(error) && Date.now() < deadline;
        if (this.#options.dead.aborted || this.#options.ending.aborted || !passing) {
          if (undone && !isRetryable(error)) await this.#saveRefusal(progress);
          throw databaseError(error, { scope: 'downstream', kind: 'execute', sql: part.sql });
        }
        undone = progress.sent(id) === undefined;
        this.#options.logger.warn('a DDL is looked after again', { error: String(error) });
        await sleep(POLL_MS);
      }
    }
  }

  /** A refusal is final: what people change downstream now must not be taken for the effect of what was sent. */
  async #saveRefusal(progress: DdlProgress): Promise<void> {
    progress.setSent(undefined);
    await this.#options.saveIntent(progress.intent);
  }

  async #newRecord(connection: DbConnection, { part, id }: Step): Promise<SentStatement> {
    const identity = movesTables(part) && (await this.#identifies(connection, part));
    const fingerprint = await this.#fingerprint(connection, part, identity);
    return { id, marker: newMarker(), fingerprint, ...(identity ? { identity } : {}) };
  }

  /** A RENAME between tables of equal structure cannot be seen afterwards, unless the tables have numbers: pair by pair then. */
  async #mustSeparate(connection: DbConnection, { part, single }: Step): Promise<boolean> {
    if (single || part.statement.kind !== 'rename-table' || !movesTables(part)) return false;
    return !(await this.#identifies(connection, part));
  }

  async #identifies(connection: DbConnection, part: DdlPart): Promise<boolean> {
    this.#identitySource ??= { found: await findIdentitySource(connection, this.#options.isTiDB) };
    const { found } = this.#identitySource;
    return found !== undefined && this.#targets(part).every(({ schema, table }) => canIdentify(found, schema, table));
  }

  /** Whether the statement has had its effect. Waits for it while the server still executes it. */
  async #isDone(connection: DbConnection, part: DdlPart, sent: SentStatement): Promise<boolean> {
    const { isTiDB, logger, ending } = this.#options;
    const options = { marker: sent.marker, targets: this.#targets(part), isTiDB, logger };
    let toldAt = 0;
    for (;;) {
      const state = await executingState(connection, options);
      if (state === undefined) break;
      if (Date.now() - toldAt > TELL_MS) {
        toldAt = Date.now();
        logger.warn('waiting for a DDL that the downstream is still executing', { state, sql: part.sql });
      }
      await sleep(POLL_MS, undefined, { signal: ending }).catch(() => undefined);
      if (ending.aborted) throw dmError(36020);
    }
    return (await this.#fingerprint(connection, part, sent.identity === true)) !== sent.fingerprint;
  }

  /**
   * The statement goes behind checks of the fence and of its own record, in one request: a process that was stopped in
   * between wakes up to an error of the first, and the last is not executed; nor is it when the request was held up on its
   * way and another one has done its work. A DDL cannot be in a transaction with the checks.
   */
  async #send(connection: DbConnection, { part, single }: Step, marker: string): Promise<'done' | 'split'> {
    const { fence, plan, logger } = this.#options;
    const check = this.#options.intentCheckSql(marker);
    try {
      await connection.query(`${fence.checkSql(0)};\n${check};\n/* ${marker} */ ${part.sql}`);
    } catch (refusal) {
      const error = isConnectionError(refusal) ? refusal : await fence.explain(connection, refusal);
      if (error !== refusal || isConnectionError(error)) throw error;
      const errno = serverErrno(error) ?? 0;
      const parts = splitFurther(part, plan);
      if (parts.length > 1) {
        if (!single && this.#isForSingles(parts, errno)) return 'split';
        throw error;
      }
      if (!isDoneAlready(part.statement, errno)) throw error;
      logger.warn('a DDL was in effect already', { sql: part.sql, error: String(error) });
    }
    return 'done';
  }

  /** Whether changes that were refused together may pass one by one. */
  #isForSingles(parts: readonly DdlPart[], errno: number): boolean {
    if (this.#options.isTiDB && parts[0]?.statement.kind === 'alter-table' && TIDB_NOT_TOGETHER.has(errno)) return true;
    return parts.some(({ statement }) => isDoneAlready(statement, errno));
  }

  async #connected(): Promise<DbConnection> {
    const { to, ending } = this.#options;
    // A pause does not wait for a long DDL: the server goes on with it, and whoever resumes waits for it there.
    this.#connection ??= await openConnection(to, {
      role: 'downstream',
      multipleStatements: true,
      signal: ending,
    });
    return this.#connection;
  }

  /** The session in which the upstream executed the statement, as far as it decides about the result. */
  async #setSession(connection: DbConnection, event: QueryEvent): Promise<void> {
    const { upstreamOffset, hasUtf8mb4Default, upstream } = this.#options;
    await connection.query(
      `SET foreign_key_checks = 0, timestamp = ${statementTime(event)}, sql_mode = ${quoteString(ddlSqlMode(event.sqlMode))}`,
    );
    const zone = event.timeZone === undefined || event.timeZone === 'SYSTEM' ? upstreamOffset : event.timeZone;
    await this.#trySet(connection, 'time_zone', quoteString(zone));
    await this.#trySet(connection, 'collation_server', quoteString(event.collationServer ?? upstream.collation));
    const explicit = hasExplicitDefaults(event, upstream) ? 'ON' : 'OFF';
    await this.#trySet(connection, 'explicit_defaults_for_timestamp', explicit);
    if (hasUtf8mb4Default) {
      const collation = event.defaultUtf8mb4Collation ?? defaultCollationOf(upstream, 'utf8mb4');
      await this.#trySet(connection, 'default_collation_for_utf8mb4', quoteString(collation));
    }
  }

  /**
   * A variable or value that this downstream does not have is no reason to stop. What an earlier statement had set does not
   * stay in its place.
   */
  async #trySet(connection: DbConnection, variable: string, value: string): Promise<void> {
    for (const tried of [value, 'DEFAULT']) {
      try {
        await connection.query(`SET SESSION ${variable} = ${tried}`);
        return;
      } catch (error) {
        if (isConnectionError(error)) throw error;
        this.#options.logger.debug('a session variable cannot be set downstream', {
          variable,
          value: tried,
          error: String(error),
        });
      }
    }
  }

  /** What the downstream says about everything that the statement changes. */
  async #fingerprint(connection: DbConnection, part: DdlPart, identity: boolean): Promise<string> {
    if (identity) this.#identitySource ??= { found: await findIdentitySource(connection, this.#options.isTiDB) };
    const source = identity ? this.#identitySource?.found : undefined;
    if (identity && source === undefined) {
      const workaround = 'Please give the downstream user PROCESS again, which it had when the statement was sent.';
      throw dmError(10005, ['information_schema'], { scope: 'downstream', workaround });
    }
    const hash = createHash('sha256');
    for (const { schema, table } of this.#targets(part)) {
      const sql =
        table === '' ? `SHOW CREATE DATABASE ${quoteIdent(schema)}` : `SHOW CREATE TABLE ${quoteTable(schema, table)}`;
      hash.update(`${sql}\n${await showCreate(connection, sql)}\n`);
      if (source !== undefined) hash.update(`${await tableIdentity(connection, source, schema, table)}\n`);
    }
    return hash.digest('hex');
  }

  /** Downstream names of what the statement changes, not of what it only refers to; a database has no table. */
  #targets(part: DdlPart): DdlTarget[] {
    const { mapping } = this.#options.plan;
    return changedObjects(part.statement).map(({ type, schema, name }) =>
      type === 'database' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, name),
    );
  }
}

/** The moment that CURRENT_TIMESTAMP means in the statement, in rows that get it as the default of a new column. */
function statementTime({ timestamp, microseconds = 0 }: QueryEvent): string {
  return `${timestamp}.${String(microseconds).padStart(6, '0')}`;
}

function newMarker(): string {
  return `dm-${randomBytes(8).toString('hex')}`;
}

/** Whether the statement may leave every definition as it is, and yet move rows to other names. */
function movesTables({ statement }: DdlPart): boolean {
  if (statement.kind === 'rename-table') return statement.pairs.length > 1;
  return statement.objects.some(({ role }) => role === 'exchange');
}

/** Unknown database, no such table; a view or other object is no table either. */
const ABSENT = new Set([1049, 1146, 1347]);

async function showCreate(connection: DbConnection, sql: string): Promise<string> {
  try {
    const [row] = await queryRows(connection, 'downstream', sql);
    const text = String(row?.['Create Table'] ?? row?.['Create Database'] ?? '');
    // The counter moves with rows, not with structure.
    return text.replace(/ AUTO_INCREMENT=\d+/, '');
  } catch (error) {
    if (ABSENT.has(serverErrno(error) ?? 0)) return 'absent';
    throw error;
  }
}
