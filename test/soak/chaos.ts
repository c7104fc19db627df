/** What goes wrong around the product while it works. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { FAULT_POINTS } from '../../src/fault/points.js';
import type { DatabaseServer } from '../../tools/servers/database-server.js';
import type { Random } from '../integration/schema/random.js';
import type { Product } from './product.js';
import { connect } from './servers.js';

export interface ChaosOptions {
  random: Random;
  product: Product;
  up: DatabaseServer;
  down: DatabaseServer;
  /** Where an intruder locks rows. */
  downSchema: string;
}

/** How long after a disturbance errors of connections and locks are no surprise, milliseconds. */
const AFTERMATH_MS = 20_000;

/** Disturbs until it is stopped. */
export class Chaos {
  /** How often each thing was done. */
  readonly done = new Map<string, number>();
  /** The longest that a request to end in good order took, milliseconds. */
  slowestPause = 0;
  readonly #options: ChaosOptions;
  #lastAt = -Infinity;
  #running = true;
  readonly #loop: Promise<void>;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Whether a disturbance of servers or connections is so near that errors of both are to be expected. */
  get isNear(): boolean {
    return performance.now() - this.#lastAt < AFTERMATH_MS;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { random } = this.#options;
    while (this.#running) {
      await sleep(random.int(100, 2_500));
      if (!this.#running) return;
      const [name, act] = this.#choose();
      this.done.set(name, (this.done.get(name) ?? 0) + 1);
      await act();
    }
  }

  #choose(): [string, () => Promise<void>] {
    const { random, product, up, down } = this.#options;
    return random.weighted<[string, () => Promise<void>]>([
      [10, ['SIGKILL', async () => this.#kill()]],
      [2, ['lost disk', async () => (product.moveAway(), this.#kill())]],
      [5, ['pause', async () => void (this.slowestPause = Math.max(this.slowestPause, await product.pause()))]],
      [4, ['freeze', () => this.#freeze()]],
      [2, ['takeover', () => this.#takeOver()]],
      [5, ['connections', () => this.#disturb(() => killConnections(down, random))]],
      [2, ['binlog connection', () => this.#disturb(() => killConnections(up, random, 'Binlog Dump'))]],
      [5, ['locks', () => this.#disturb(() => this.#intrude())]],
      [0.7, ['downstream restart', () => this.#disturb(() => restart(down, random.chance(0.5)))]],
      [0.5, ['upstream restart', () => this.#disturb(() => restart(up, random.chance(0.3)))]],
    ]);
  }

  async #kill(): Promise<void> {
    this.#options.product.signal('SIGKILL');
  }

  async #freeze(): Promise<void> {
    const { random, product } = this.#options;
    product.signal('SIGSTOP');
    await sleep(random.int(50, 1_500));
    product.signal('SIGCONT');
  }

  async #takeOver(): Promise<void> {
    const { random, product } = this.#options;
    product.takeOver();
    await sleep(random.int(500, 4_000));
    await product.wakeUp();
  }

  async #disturb(act: () => Promise<void>): Promise<void> {
    this.#lastAt = Infinity;
    await act().catch(() => undefined);
    this.#lastAt = performance.now();
  }

  /** Another application locks rows of the downstream for a while, in an order of its own. */
  async #intrude(): Promise<void> {
    const { random, down, downSchema } = this.#options;
    const connection = await connect(down);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'",
        [downSchema],
      );
      await connection.query('SET SESSION innodb_lock_wait_timeout = 2');
      await connection.query('BEGIN');
      for (const row of random.some(rows, 3)) {
        await lockSome(connection, downSchema, String(row['name']), random);
        await sleep(random.int(10, 800));
      }
      await connection.query('ROLLBACK');
    } finally {
      connection.destroy();
    }
  }
}

function lockSome(connection: Connection, schema: string, table: string, random: Random): Promise<unknown> {
  const sql = `SELECT 1 FROM ??.?? LIMIT ${random.int(1, 500)} FOR UPDATE`;
  return connection.query(sql, [schema, table]);
}

async function killConnections(server: DatabaseServer, random: Random, command?: string): Promise<void> {
  const connection = await connect(server);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
    const [own] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
    const sessions = rows.filter(
      (row) =>
        String(row['Id']) !== String(own[0]?.['id']) &&
        row['User'] === 'root' &&
        (command === undefined || String(row['Command']).startsWith(command)),
    );
    const victims = random.chance(0.3) ? sessions : random.some(sessions, 2);
    for (const victim of victims) await connection.query(`KILL ${Number(victim['Id'])}`).catch(() => undefined);
  } finally {
    connection.destroy();
  }
}

async function restart(server: DatabaseServer, suddenly: boolean): Promise<void> {
  if (suddenly) await server.kill();
  await server.restart();
}

/** Text of `DM_FAULT` for a life: a point or two where it strikes, or none. */
export function randomFaults(random: Random): string | undefined {
  if (random.chance(0.5)) return undefined;
  const points = random.some(Object.keys(FAULT_POINTS), random.int(1, 2));
  return points
    .map((point) => `${point}=${randomAction(random)}@${random.int(1, random.chance(0.5) ? 4 : 60)}`)
    .join(',');
}

function randomAction(random: Random): string {
  return random.weighted([
    [5, 'crash'],
    [3, `fail:${random.pick([1205, 1213, 2013, 9007])}`],
    [1, 'fail'],
    [1, `stall:${random.int(50, 2_000)}`],
  ]);
}
