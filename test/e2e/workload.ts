import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Tables of the shapes that replication has to get right after a crash: a key, no key at all, a nullable unique key. */
export async function createTables(connection: Connection, database: string, rows: number): Promise<void> {
  const db = `\`${database}\``;
  await connection.query(`CREATE TABLE ${db}.keyed (
    id BIGINT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL, v VARCHAR(120), d DECIMAL(20,4), at DATETIME(6), KEY (k))`);
  await connection.query(`CREATE TABLE ${db}.keyless (a INT, b VARCHAR(60), c DOUBLE)`);
  await connection.query(`CREATE TABLE ${db}.sparse (u INT NULL, t TEXT, UNIQUE KEY (u))`);
  await connection.query(`CREATE TABLE ${db}.pairs (x INT, y INT, n INT NOT NULL DEFAULT 0, PRIMARY KEY (x, y))`);
  for (let done = 0; done < rows; done += 500) {
    const batch = Array.from({ length: Math.min(500, rows - done) }, (_, i) => done + i);
    const tuple = (make: (i: number) => string): string => batch.map((i) => `(${make(i)})`).join(',');
    await connection.query(
      `INSERT INTO ${db}.keyed (k, v, d, at) VALUES ${tuple((i) => `${i % 97}, REPEAT('v${i % 10}', ${i % 30}), ${i}.25, NOW(6)`)}`,
    );
    await connection.query(`INSERT INTO ${db}.keyless VALUES ${tuple((i) => `${i % 50}, 'same', ${i % 7}.5`)}`);
    await connection.query(
      `INSERT INTO ${db}.sparse VALUES ${tuple((i) => `${i % 3 === 0 ? 'NULL' : i}, 'text ${i % 5}'`)}`,
    );
    await connection.query(`INSERT INTO ${db}.pairs VALUES ${tuple((i) => `${i}, ${i % 11}, 0`)}`);
  }
}

/** Duplicate key, lock wait timeout, deadlock, definition has changed. */
const EXPECTED = new Set([1062, 1205, 1213, 1412]);

/** An application that keeps writing to the tables of {@link createTables}. */
export class Writer {
  transactions = 0;
  private readonly connection: Connection;
  private readonly db: string;
  private readonly random: () => number;
  private readonly pauseMs: number;
  private running = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(connection: Connection, database: string, seed: number, pauseMs = 2) {
    this.connection = connection;
    this.db = `\`${database}\``;
    this.random = randomNumbers(seed);
    this.pauseMs = pauseMs;
  }

  start(): void {
    this.running = true;
    this.loop = this.run();
    // A failure shows when the writer is stopped.
    this.loop.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (this.running) {
      const end = this.random() < 0.95 ? 'COMMIT' : 'ROLLBACK';
      const statements = Array.from({ length: 1 + this.below(6) }, () => this.statement());
      try {
        for (const statement of ['BEGIN', ...statements, end]) await this.connection.query(statement);
        this.transactions += 1;
      } catch (error) {
        // A row that was moved onto another, or a structure change right now: an application rolls back and goes on.
        if (!EXPECTED.has((error as { errno?: number }).errno ?? 0)) throw error;
        await this.connection.query('ROLLBACK');
      }
      await sleep(this.pauseMs);
    }
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private statement(): string {
    const { db } = this;
    const n = this.below(1_000);
    const kinds = [
      () => `INSERT INTO ${db}.keyed (k, v, d, at) VALUES (${n}, 'new ${n}', ${n}.5, NOW(6)), (${n}, NULL, NULL, NULL)`,
      () => `UPDATE ${db}.keyed SET v = CONCAT('u', ${n}), d = d + 1 WHERE k = ${n % 97} LIMIT 5`,
      () => `DELETE FROM ${db}.keyed WHERE k = ${n} LIMIT 3`,
      () => `UPDATE ${db}.keyed SET id = id + 1000000 WHERE id = ${n}`,
      () => `INSERT INTO ${db}.keyless VALUES (${n % 50}, 'same', ${n % 7}.5), (${n % 50}, 'same', ${n % 7}.5)`,
      () => `UPDATE ${db}.keyless SET c = c + 1 WHERE a = ${n % 50} LIMIT 2`,
      () => `DELETE FROM ${db}.keyless WHERE a = ${n % 50} LIMIT 1`,
      () => `INSERT INTO ${db}.sparse VALUES (NULL, 'n${n}')`,
      () => `INSERT IGNORE INTO ${db}.sparse VALUES (${10_000 + n}, 'u${n}')`,
      () => `DELETE FROM ${db}.sparse WHERE u = ${10_000 + n}`,
      () => `UPDATE ${db}.sparse SET u = NULL WHERE u = ${n}`,
      () => `INSERT INTO ${db}.pairs VALUES (${n}, ${n % 11}, 1) ON DUPLICATE KEY UPDATE n = n + 1`,
    ];
    return (kinds[this.below(kinds.length)] ?? kinds[0])?.() ?? 'SELECT 1';
  }
}
