import type { DatabaseConfig, Flavor } from '../config/types.js';
import type { Logger } from '../log/logger.js';
import { openConnection, queryRows, type DbConnection } from '../mysql/connect.js';
import { masterStatus } from '../mysql/server-info.js';
import type { BinlogLocation } from './events.js';
import { clockOffset } from './start/servers.js';

const POLL_MS = 2_000;
const CLOCK_MS = 600_000;

/** Silence of the upstream after which the connection counts as dead. */
const ANSWER_MS = 10_000;

/**
 * Asks the upstream every few seconds where its binlog ends, on a connection of its own. Trouble is not reported: the
 * reader meets it too, and status must not fail for it.
 */
export class UpstreamWatch {
  /** End of the upstream's binlog as last seen. */
  location: BinlogLocation | undefined;
  /** When {@link location} was asked for, milliseconds since the epoch. */
  askedAt = 0;
  /** Seconds that the upstream's clock is ahead of ours. */
  offset = 0;
  readonly #config: DatabaseConfig;
  readonly #flavor: Flavor;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #connection: DbConnection | undefined;
  #clockReadAt = 0;
  #asking = false;
  #closed = false;

  constructor(config: DatabaseConfig, flavor: Flavor, logger: Logger) {
    this.#config = config;
    this.#flavor = flavor;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#ask(), POLL_MS);
    this.#timer.unref();
    void this.#ask();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    try {
      const connection =
        this.#connection ?? (await openConnection(this.#config, { role: 'upstream', readTimeoutMs: ANSWER_MS }));
      if (this.#closed) connection.destroy();
      else this.#connection = connection;
      const now = Date.now();
      if (now - this.#clockReadAt > CLOCK_MS) {
        this.offset = await clockOffset(connection);
        this.#clockReadAt = now;
      }
      this.location = await binlogEnd(connection, this.#flavor);
      this.askedAt = now;
    } catch (error) {
      this.#logger.debug('the upstream does not tell its position', { error: String(error) });
      this.#connection?.destroy();
      this.#connection = undefined;
    } finally {
      this.#asking = false;
    }
  }
}

/**
 * Where the binlog ends. MariaDB tells the GTID position of a place in the binlog by reading the file up to there, too dear
 * for every few seconds: its position at the end, a moment later, is good enough for status.
 */
async function binlogEnd(connection: DbConnection, flavor: Flavor): Promise<BinlogLocation> {
  if (flavor === 'mysql') return masterStatus(connection, flavor);
  const [status] = await queryRows(connection, 'upstream', 'SHOW MASTER STATUS');
  const [gtid] = await queryRows(connection, 'upstream', 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid');
  return {
    name: String(status?.['File'] ?? ''),
    pos: Number(status?.['Position'] ?? 0),
    gtidSet: String(gtid?.['gtid'] ?? ''),
  };
}
