/** One round: databases of its own, writers, the product and what disturbs it, and comparisons in between. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { SubtaskConfig, SyncConfig } from '../../src/config/types.js';
import type { DatabaseServer } from '../../tools/servers/database-server.js';
import { hasReached, upstreamPosition } from '../../tools/product/position.js';
import { Random } from '../integration/schema/random.js';
import { Chaos, randomFaults } from './chaos.js';
import { fill } from './changes.js';
import { Product, type Failure } from './product.js';
import { connect, NUMBERS } from './servers.js';
import type { Pair } from './settings.js';
import { randomGroups, shardRoutes, shardStatements, type Groups } from './shards.js';
import { StatementLog } from './statement-log.js';
import { otherSchema } from './structure-changes.js';
import { Structures } from './structures.js';
import { tableStatements } from './tables.js';
import { differencesOf } from './verify.js';
import { Writer, type Totals } from './writer.js';

/** Times that both sides are compared in a round. */
const COMPARISONS = 2;
/** Time without any progress after which the product counts as stuck. */
const STUCK_MS = 120_000;

export interface RoundOptions {
  seed: number;
  pair: Pair;
  up: DatabaseServer;
  down: DatabaseServer;
  /** Directory of the soak; the round makes its own below. */
  dir: string;
  seconds: number;
  chaos: boolean;
}

export interface RoundResult extends Totals {
  /** Sentences; empty when both sides were equal each time. */
  failures: string[];
  lives: number;
  disturbances: Map<string, number>;
  slowestPause: number;
  /** Errors of the product that were to be expected, and how often. */
  errors: Map<string, number>;
}

/** Everything of a round is worked out from its seed, except for who comes first. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const round = new Round(options);
  try {
    await round.prepare();
    await round.run();
  } finally {
    await round.end();
  }
  return round.result;
}

class Round {
  readonly result: RoundResult;
  readonly #options: RoundOptions;
  readonly #random: Random;
  readonly #dir: string;
  readonly #upSchema: string;
  readonly #downSchema: string;
  readonly #alike: boolean;
  /** Tables that are merged; structures stay as they are then. */
  readonly #groups: Groups;
  readonly #log: Promise<StatementLog>;
  readonly #structures: Structures;
  readonly #config: SubtaskConfig;
  #writers: Writer[] = [];
  #product: Product | undefined;
  #chaos: Chaos | undefined;

  constructor(options: RoundOptions) {
    const { seed, pair, up, dir } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.#dir = join(dir, `seed-${seed}`);
    this.#alike = pair[0] === pair[1];
    this.#upSchema = `soak_${seed}`;
    this.#downSchema = this.#random.chance(0.3) ? `soak_${seed}_routed` : this.#upSchema;
    this.#groups = this.#random.chance(0.2) ? randomGroups(this.#random) : new Map();
    this.#log = mkdir(this.#dir, { recursive: true }).then(() => new StatementLog(join(this.#dir, 'statements.sql')));
    this.#structures = new Structures(up, this.#upSchema);
    this.#config = this.#makeConfig();
    this.result = {
      failures: [],
      transactions: 0,
      statements: 0,
      refused: 0,
      structureChanges: 0,
      lives: 0,
      disturbances: new Map(),
      slowestPause: 0,
      errors: new Map(),
    };
  }

  /** Tables with some rows, and writers for them. */
  async prepare(): Promise<void> {
    const { up, down } = this.#options;
    const random = this.#random;
    const [above, below] = await Promise.all([connect(up), connect(down)]);
    try {
      await dropDatabases(above, [...this.#upSchemas, `${this.#upSchema}_union`]);
      await dropDatabases(below, [...this.#downSchemas, this.#config.metaSchema]);
      if (this.#config.taskMode === 'incremental') {
        const { file, pos } = await upstreamPosition(above);
        this.#config.meta = { binlogName: file, binlogPos: pos };
      }
      const metadata = random.pick(['FULL', 'MINIMAL']);
      await above.query(`SET GLOBAL binlog_row_metadata = ${metadata}`);
      await above.query(
        `CREATE DATABASE \`${this.#upSchema}\` CHARACTER SET utf8mb4 COLLATE ${random.pick(['utf8mb4_general_ci', 'utf8mb4_bin'])}`,
      );
      await above.query(
        `CREATE DATABASE \`${otherSchema(this.#upSchema)}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
      );
      await above.query(`USE \`${this.#upSchema}\``);
      const tables = tableStatements(random, random.int(this.#groups.size === 0 ? 3 : 1, 8));
      for (const sql of [...tables, ...shardStatements(this.#groups)]) await above.query(sql);
      await this.#structures.read();
      for (const table of this.#structures.tables) {
        const sql = fill({ random, tables: this.#structures.tables, numbers: NUMBERS }, table);
        if (random.chance(0.8)) await above.query(sql).catch(() => undefined);
      }
    } finally {
      above.destroy();
      below.destroy();
    }
    const log = await this.#log;
    const count = random.int(1, 4);
    const writer = (id: string, changesStructures: boolean): Writer =>
      new Writer(
        id,
        {
          server: up,
          database: this.#upSchema,
          random: new Random(random.int(1, 1e9)),
          structures: this.#structures,
          log,
          alike: this.#alike,
          rowsOnly: this.#groups.size > 0,
        },
        this.result,
        changesStructures,
      );
    this.#writers = Array.from({ length: count }, (_, n) => writer(`w${n}`, false));
    this.#writers.push(writer('ddl', true));
  }

  async run(): Promise<void> {
    const random = this.#random;
    this.#product = new Product({
      dir: this.#dir,
      nextLife: () => this.#nextLife(),
      isExcused: (failure, unit) => this.#isExcused(failure, unit),
    });
    for (let n = 1; n <= COMPARISONS && this.result.failures.length === 0; n++) {
      this.#startChaos();
      for (const writer of this.#writers) writer.start();
      await this.#wait(this.#options.seconds * 1_000 * (0.5 + random.next()));
      await Promise.all(this.#writers.map((writer) => writer.stop()));
      await this.#wait(random.int(0, 2_000));
      await this.#stopChaos();
      await this.#catchUp();
      if (this.result.failures.length === 0) await this.#compare();
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop().catch(() => undefined)));
    await this.#stopChaos();
    await this.#product?.stop();
    this.result.lives = this.#product?.lives ?? 0;
    this.result.errors = this.#product?.errors ?? this.result.errors;
    (await this.#log).end();
    if (this.result.failures.length > 0) return;
    await rm(this.#dir, { recursive: true, force: true });
    const { up, down } = this.#options;
    const [above, below] = await Promise.all([connect(up), connect(down)]);
    await dropDatabases(above, [...this.#upSchemas, `${this.#upSchema}_union`]);
    await dropDatabases(below, [...this.#downSchemas, this.#config.metaSchema]);
    above.destroy();
    below.destroy();
  }

  #startChaos(): void {
    const { up, down, chaos } = this.#options;
    if (!chaos || this.#product === undefined) return;
    const random = new Random(this.#random.int(1, 1e9));
    this.#chaos = new Chaos({ random, product: this.#product, up, down, downSchema: this.#downSchema });
  }

  async #stopChaos(): Promise<void> {
    const chaos = this.#chaos;
    if (chaos === undefined) return;
    await chaos.stop();
    for (const [name, count] of chaos.done) {
      this.result.disturbances.set(name, (this.result.disturbances.get(name) ?? 0) + count);
    }
    chaos.done.clear();
    this.result.slowestPause = Math.max(this.result.slowestPause, chaos.slowestPause);
  }

  /** Sleeps as long as nothing has failed. */
  async #wait(ms: number): Promise<void> {
    const until = Date.now() + ms;
    while (Date.now() < until && this.#product?.failure === undefined) await sleep(100);
  }

  async #catchUp(): Promise<void> {
    const above = await connect(this.#options.up);
    const target = await upstreamPosition(above);
    above.destroy();
    let [seen, since] = ['', Date.now()];
    const product = this.#product;
    if (product === undefined) return;
    for (;;) {
      if (product.failure !== undefined) {
        const { name, text } = product.failure;
        this.result.failures.push(`the product stands: ${name} ${text}`);
        return;
      }
      if (hasReached(product.progress, target)) return;
      const now = `${product.progress?.syncerBinlog} ${product.progress?.totalEvents}`;
      if (now !== seen) [seen, since] = [now, Date.now()];
      if (Date.now() - since > STUCK_MS) {
        this.result.failures.push(
          `not caught up with ${target.file}:${target.pos}: ${JSON.stringify(product.progress)}`,
        );
        return;
      }
      await sleep(50);
    }
  }

  async #compare(): Promise<void> {
    const { up, down } = this.#options;
    const [above, below] = await Promise.all([connect(up), connect(down)]);
    try {
      const origins = new Map(this.#downSchemas.map((name, at) => [name, this.#upSchemas[at] ?? name]));
      for (const [at, upSchema] of this.#upSchemas.entries()) {
        const downSchema = this.#downSchemas[at] ?? upSchema;
        const sides = {
          up: above,
          down: below,
          upSchema,
          downSchema,
          origins,
          groups: at === 0 ? this.#groups : new Map(),
          alike: this.#alike,
        };
        this.result.failures.push(...(await differencesOf(sides)));
      }
    } finally {
      above.destroy();
      below.destroy();
    }
  }

  get #upSchemas(): string[] {
    return [this.#upSchema, otherSchema(this.#upSchema)];
  }

  get #downSchemas(): string[] {
    return [this.#downSchema, otherSchema(this.#downSchema)];
  }

  #nextLife(): { config: SubtaskConfig; faults?: string } {
    const config = { ...this.#config, sync: randomSync(this.#random) };
    const faults = this.#options.chaos && this.#chaos !== undefined ? randomFaults(this.#random) : undefined;
    return faults === undefined ? { config } : { config, faults };
  }

  #isExcused({ text }: Failure, unit: string): boolean {
    if (text.includes('injected fault')) return true;
    // A dump cannot follow a table whose structure changes; it begins anew.
    if (/while the dump ran|was dropped|doesn't exist/.test(text) && unit === 'Dump') return true;
    return this.#chaos?.isNear === true && /connect|lost|closed|shutdown|kill|lock wait|deadlock|bad conn/i.test(text);
  }

  #makeConfig(): SubtaskConfig {
    const { seed, up, down } = this.#options;
    const random = this.#random;
    const login = ({ host, port, user, password }: DatabaseServer): SubtaskConfig['from'] => ({
      host,
      port,
      user,
      password,
    });
    return {
      task: 'soak',
      taskMode: random.chance(0.6) ? 'all' : 'incremental',
      sourceId: 'soak-source',
      flavor: up.flavor,
      serverId: 1_000_000 + (seed % 1_000_000),
      enableGtid: random.chance(0.5),
      metaSchema: `soak_${seed}_meta`,
      timezone: '',
      caseSensitive: true,
      cleanDumpFile: random.chance(0.7),
      ignoreCheckingItems: [],
      from: login(up),
      to: login(down),
      blockAllowList: { doDbs: this.#upSchemas },
      routes: [
        ...this.#upSchemas.map((schemaPattern, at) => ({
          name: `r${at}`,
          schemaPattern,
          targetSchema: this.#downSchemas[at] ?? schemaPattern,
        })),
        ...shardRoutes(this.#groups, this.#upSchema, this.#downSchema),
      ],
      dump: {
        threads: random.int(1, 4),
        chunkFilesize: random.pick([65_536, 1 << 26]),
        statementSize: random.pick([1_000, 1 << 20]),
        consistency: 'auto',
        ...(random.chance(0.5) ? { rows: random.int(50, 2_000) } : {}),
      },
      load: { poolSize: random.int(1, 8), dir: './dumped_data.soak' },
      sync: randomSync(random),
      checker: {
        checkEnable: true,
        backoffRollbackMs: 300_000,
        backoffMaxMs: 300_000,
        backoffMinMs: 1_000,
        backoffFactor: 2,
        backoffJitter: true,
        checkIntervalMs: 5_000,
      },
    };
  }
}

/** Settings that may change from one life to the next. */
function randomSync(random: Random): SyncConfig {
  return {
    workerCount: random.pick([1, 2, 4, 8, 16]),
    batch: random.pick([1, 3, 20, 100, 500]),
    safeMode: random.chance(0.1),
    compact: random.chance(0.5),
    multipleRows: random.chance(0.5),
    queueSize: random.pick([16, 256, 1_024]),
    checkpointFlushIntervalMs: random.pick([50, 500, 3_000, 30_000]),
  };
}

async function dropDatabases(connection: Connection, names: readonly string[]): Promise<void> {
  await connection.query('SET foreign_key_checks = 0');
  for (const name of names) await connection.query(`DROP DATABASE IF EXISTS \`${name}\``);
}
