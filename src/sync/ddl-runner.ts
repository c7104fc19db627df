import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { Logger } from '../log/logger.js';
import { FenceLostError, type Fence } from '../meta/fence.js';
import { openConnection, queryRows, type DbConnection } from '../mysql/connect.js';
import { databaseError, isConnectionError, isRetryable, serverErrno } from '../mysql/errors.js';
import { quoteIdent, quoteString, quoteTable } from '../mysql/quote.js';
import type { DdlIntent } from './checkpoint.js';
import { isDoneAlready } from './ddl-done.js';
import { changedObjects, splitFurther, type DdlPart, type DdlPlanOptions } from './ddl-plan.js';
import type { QueryEvent } from './events.js';
import { ddlSqlMode } from './sql-mode.js';
import { canIdentify, findIdentitySource, tableIdentity, type IdentitySource } from './table-identity.js';

/** Options of {@link DdlRunner}. */
export interface DdlRunnerOptions {
  to: DatabaseConfig;
  fence: Fence;
  plan: Omit<DdlPlanOptions, 'filter'>;
  logger: Logger;
  /** `+01:00` form of the upstream's own zone, for events that say SYSTEM. */
  upstreamOffset: string;
  isTiDB: boolean;
  /** The downstream knows `default_collation_for_utf8mb4`. */
  hasUtf8mb4Default: boolean;
  /** Default collation of utf8mb4 in events that do not say it. */
  upstreamUtf8mb4Collation: string;
  retryMs: number;
  dead: AbortSignal;
  ending: AbortSignal;
  /** Stores what is about to be executed, or that nothing is. */
  saveIntent(intent: DdlIntent | undefined): Promise<void>;
}

const POLL_MS = 500;

/** A statement, and its place: `sub` where a statement of the event is executed change by change. */
interface Step {
  part: DdlPart;
  event: QueryEvent;
  seq: number;
  number: number;
  sub?: number;
}

/**
 * Executes the statements of a query event once, over crashes and lost connections. Before a statement is sent, its number
 * and the state of what it names are stored; when it is not known whether it was executed, the state is compared. A
 * statement that the server still executes for a connection that is gone is waited for.
 */
export class DdlRunner {
  readonly #options: DdlRunnerOptions;
  #connection: DbConnection | undefined;
  #identitySource: { found: IdentitySource | undefined } | undefined;

  constructor(options: DdlRunnerOptions) {
    this.#options = options;
  }

  /**
   * Executes the parts in order.
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
    const first = begun?.part ?? 0;
    for (const [number, part] of parts.entries()) {
      if (number < first) continue;
      await this.#executePart({ part, event, seq, number }, number === first ? begun : undefined);
    }
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  /**
   * Executes a statement whole, or change by change: where one of several changes is there already, the others must not be
   * lost with it. Each single change has its own record.
   */
  async #executePart(step: Step, begun: DdlIntent | undefined): Promise<void> {
    let from = begun?.sub;
    if (from === undefined) {
      if ((await this.#run(step, begun)) === 'done') return;
      from = 0;
    }
    for (const [sub, single] of splitFurther(step.part, this.#options.plan).entries()) {
      if (sub < from) continue;
      await this.#run({ ...step, part: single, sub }, begun?.sub === sub ? begun : undefined);
    }
  }

  /** Executes one statement, over lost connections. `split`: one of its changes is in effect already, nothing was done. */
  async #run(step: Step, begun: DdlIntent | undefined): Promise<'done' | 'split'> {
    const { part, event } = step;
    let intent = begun;
    // Whether it is known that the statement has not had its effect, nor is on its way to it.
    let undone = begun === undefined;
    const deadline = Date.now() + this.#options.retryMs;
    for (;;) {
      try {
        const connection = await this.#connected();
        if (intent !== undefined && (await this.#isDone(connection, part, intent))) return 'done';
        undone = true;
        if (intent === undefined) {
          if (await this.#mustSeparate(connection, step)) return 'split';
          intent = await this.#newIntent(connection, step);
          await this.#options.saveIntent(intent);
        }
        await this.#setSession(connection, event);
        await faultPoint('ddl.before-execute');
        return await this.#send(connection, step, intent.marker);
      } catch (error) {
        if (error instanceof FenceLostError) throw error;
        if (isConnectionError(error)) this.close();
        const passing = isRetryable(error) && Date.now() < deadline;
        if (this.#options.dead.aborted || this.#options.ending.aborted || !passing) {
          // A refusal is final: what people change downstream now must not be taken for its effect.
          if (undone && !isRetryable(error)) await this.#options.saveIntent(undefined);
          throw databaseError(error, { scope: 'downstream', kind: 'execute', sql: part.sql });
        }
        undone = intent === undefined;
        this.#options.logger.warn('a DDL is looked after again', { error: String(error) });
        await sleep(POLL_MS);
      }
    }
  }

  async #newIntent(connection: DbConnection, { part, seq, number, sub }: Step): Promise<DdlIntent> {
    const identity = movesTables(part) && (await this.#identifies(connection, part));
    return {
      seq,
      part: number,
      marker: `dm-${randomBytes(8).toString('hex')}`,
      fingerprint: await this.#fingerprint(connection, part, identity),
      ...(sub === undefined ? {} : { sub }),
      ...(identity ? { identity } : {}),
    };
  }

  /** A RENAME between tables of equal structure cannot be seen afterwards, unless the tables have numbers: pair by pair then. */
  async #mustSeparate(connection: DbConnection, { part, sub }: Step): Promise<boolean> {
    if (sub !== undefined || part.statement.kind !== 'rename-table' || !movesTables(part)) return false;
    return !(await this.#identifies(connection, part));
  }

  async #identifies(connection: DbConnection, part: DdlPart): Promise<boolean> {
    this.#identitySource ??= { found: await findIdentitySource(connection, this.#options.isTiDB) };
    const { found } = this.#identitySource;
    return found !== undefined && this.#targets(part).every(({ schema, table }) => canIdentify(found, schema, table));
  }

  /** Whether the statement of the intent has had its effect. Waits for it while the server still executes it. */
  async #isDone(connection: DbConnection, part: DdlPart, intent: DdlIntent): Promise<boolean> {
    while (await this.#isRunning(connection, part, intent.marker)) {
      this.#options.logger.info('waiting for a DDL that the downstream is still executing');
      await sleep(POLL_MS, undefined, { signal: this.#options.ending }).catch(() => undefined);
      if (this.#options.ending.aborted) throw dmError(36020);
    }
    return (await this.#fingerprint(connection, part, intent.identity === true)) !== intent.fingerprint;
  }

  async #isRunning(connection: DbConnection, part: DdlPart, marker: string): Promise<boolean> {
    const running = await queryRows(
      connection,
      'downstream',
      `SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE ${quoteString(`%${marker}%`)}`,
    );
    if (running.length > 0) return true;
    if (!this.#options.isTiDB) return false;
    // TiDB's owner goes on with a job whoever asked for it.
    const jobs = await queryRows(connection, 'downstream', 'ADMIN SHOW DDL JOBS 30');
    const names = new Set(this.#targets(part).map(({ schema, table }) => JSON.stringify([schema, table])));
    return jobs.some((job) => {
      const state = String(job['STATE']).toLowerCase();
      const open = ['running', 'queueing', 'rollingback', 'done'].includes(state);
      return open && names.has(JSON.stringify([job['DB_NAME'], job['TABLE_NAME']]));
    });
  }

  /**
   * The statement goes behind a check of the fence, in one request: a process that was stopped in between wakes up to an
   * error of the first, and the second is not executed. A DDL cannot be in a transaction with the check.
   */
  async #send(connection: DbConnection, { part, sub }: Step, marker: string): Promise<'done' | 'split'> {
    const { fence } = this.#options;
    try {
      await connection.query(`${fence.checkSql(0)};\n/* ${marker} */ ${part.sql}`);
    } catch (refusal) {
      const error = isConnectionError(refusal) ? refusal : await fence.explain(connection, refusal);
      if (error !== refusal || isConnectionError(error)) throw error;
      const errno = serverErrno(error) ?? 0;
      const parts = splitFurther(part, this.#options.plan);
      if (sub === undefined && parts.length > 1 && parts.some((single) => isDoneAlready(single.statement, errno))) {
        return 'split';
      }
      if (parts.length > 1 || !isDoneAlready(part.statement, errno)) throw error;
      this.#options.logger.warn('a DDL was in effect already', { sql: part.sql, error: String(error) });
    }
    return 'done';
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
    const { upstreamOffset, hasUtf8mb4Default, upstreamUtf8mb4Collation } = this.#options;
    await connection.query(
      `SET foreign_key_checks = 0, timestamp = ${event.timestamp}, sql_mode = ${quoteString(ddlSqlMode(event.sqlMode))}`,
    );
    const zone = event.timeZone === undefined || event.timeZone === 'SYSTEM' ? upstreamOffset : event.timeZone;
    await this.#trySet(connection, `time_zone = ${quoteString(zone)}`);
    if (event.collationServer !== undefined) {
      await this.#trySet(connection, `collation_server = ${quoteString(event.collationServer)}`);
    }
    if (hasUtf8mb4Default) {
      const collation = event.defaultUtf8mb4Collation ?? upstreamUtf8mb4Collation;
      await this.#trySet(connection, `default_collation_for_utf8mb4 = ${quoteString(collation)}`);
    }
  }

  /** A variable or value that this downstream does not have is no reason to stop. */
  async #trySet(connection: DbConnection, assignment: string): Promise<void> {
    try {
      await connection.query(`SET SESSION ${assignment}`);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      this.#options.logger.debug('a session variable cannot be set downstream', { assignment, error: String(error) });
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
  #targets(part: DdlPart): { schema: string; table: string }[] {
    const { mapping } = this.#options.plan;
    return changedObjects(part.statement).map(({ type, schema, name }) =>
      type === 'database' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, name),
    );
  }
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
