/** Applications that write to the upstream: each a connection that begins transactions and sometimes another session. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { DatabaseServer } from '../../tools/servers/database-server.js';
import type { Random } from '../integration/schema/random.js';
import { randomChange } from './changes.js';
import { connect, isRefusal, NUMBERS } from './servers.js';
import type { StatementLog } from './statement-log.js';
import { randomStructureChange } from './structure-changes.js';
import type { Structures } from './structures.js';

const SESSION_SETTINGS: readonly string[] = [
  "SET SESSION sql_mode = ''",
  "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE'",
  "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
  "SET SESSION sql_mode = 'PIPES_AS_CONCAT,NO_AUTO_VALUE_ON_ZERO'",
  'SET SESSION sql_mode = DEFAULT',
  "SET SESSION time_zone = '+05:30'",
  "SET SESSION time_zone = '-11:00'",
  'SET NAMES utf8mb4',
  'SET NAMES latin1',
  'SET SESSION foreign_key_checks = 0',
  'SET SESSION foreign_key_checks = 1',
  'SET SESSION unique_checks = 0',
  'SET SESSION collation_server = utf8mb4_unicode_ci',
  'SET SESSION collation_server = latin1_swedish_ci',
  'SET SESSION auto_increment_increment = 3',
];
const MYSQL_SETTINGS = [
  'SET SESSION binlog_transaction_compression = ON',
  'SET SESSION binlog_transaction_compression = OFF',
  "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
];

/** What writers share. */
export interface WriterOptions {
  server: DatabaseServer;
  database: string;
  random: Random;
  structures: Structures;
  log: StatementLog;
  /** Both servers are of one flavor. */
  alike: boolean;
  /** Leaves structures as they are. */
  rowsOnly: boolean;
}

/** Counts of all writers. */
export interface Totals {
  transactions: number;
  statements: number;
  refused: number;
  structureChanges: number;
}

/** One connection. Statements that the server refuses are part of the work. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #totals: Totals;
  readonly #changesStructures: boolean;
  readonly #id: string;
  #connection: Connection | undefined;
  #running = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(id: string, options: WriterOptions, totals: Totals, changesStructures: boolean) {
    this.#id = id;
    this.#options = options;
    this.#totals = totals;
    this.#changesStructures = changesStructures;
  }

  start(): void {
    this.#running = true;
    this.#loop = this.#run();
    this.#loop.catch(() => undefined);
  }

  /** Waits for the transaction under way. @throws what the writer could not go on with */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #run(): Promise<void> {
    while (this.#running) {
      try {
        await this.#step();
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.#connection?.destroy();
        this.#connection = undefined;
      }
    }
  }

  async #step(): Promise<void> {
    const { random, server } = this.#options;
    if (random.chance(0.03))
      await this.#send(random.pick([...SESSION_SETTINGS, ...(server.flavor === 'mysql' ? MYSQL_SETTINGS : [])]));
    if (this.#changesStructures) {
      for (const sql of this.#structureChange()) if (!(await this.#send(sql))) break;
      await this.#options.structures.read();
      await sleep(random.int(20, 900));
      return;
    }
    await this.#transaction();
    await sleep(
      random.weighted([
        [8, random.int(0, 10)],
        [1, random.int(50, 300)],
      ]),
    );
  }

  #structureChange(): string[] {
    const { random, structures, database, server, alike, rowsOnly } = this.#options;
    const { tables } = structures;
    const big = structures.biggest();
    if (big !== undefined) return [`DELETE FROM \`${big.replaceAll('`', '``')}\` LIMIT 20000`];
    if (rowsOnly) return [];
    this.#totals.structureChanges++;
    if (random.chance(0.05)) return [server.flavor === 'mysql' ? 'FLUSH BINARY LOGS' : 'FLUSH BINARY LOGS'];
    return randomStructureChange({ random, schema: database, tables, flavor: server.flavor, alike });
  }

  async #transaction(): Promise<void> {
    const { random, structures } = this.#options;
    const around = { random, tables: structures.tables, numbers: NUMBERS };
    const count = random.weighted([
      [4, 1],
      [6, random.int(2, 6)],
      [2, random.int(7, 40)],
    ]);
    const explicit = count > 1 || random.chance(0.3);
    if (explicit) await this.#send('BEGIN');
    for (let done = 0; done < count; done++) {
      const savepoint = explicit && random.chance(0.1);
      if (savepoint) await this.#send('SAVEPOINT s');
      for (const sql of randomChange(around)) await this.#send(sql);
      if (savepoint && random.chance(0.5)) await this.#send('ROLLBACK TO SAVEPOINT s');
    }
    if (explicit) await this.#send(random.chance(0.93) ? 'COMMIT' : 'ROLLBACK');
    this.#totals.transactions++;
  }

  /** @returns whether the server took it */
  async #send(sql: string): Promise<boolean> {
    const { log, server, database } = this.#options;
    this.#connection ??= await this.#open(server, database);
    this.#totals.statements++;
    try {
      await this.#connection.query(sql);
      log.write(this.#id, sql, undefined);
      return true;
    } catch (error) {
      log.write(this.#id, sql, error);
      if (!isRefusal(error)) throw error;
      this.#totals.refused++;
      return false;
    }
  }

  async #open(server: DatabaseServer, database: string): Promise<Connection> {
    const connection = await connect(server, database);
    await connection.query('SET SESSION lock_wait_timeout = 4, SESSION innodb_lock_wait_timeout = 2');
    return connection;
  }
}
