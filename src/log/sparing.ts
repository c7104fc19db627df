import type { LogFields, Logger } from './logger.js';

/** Least time between two lines, milliseconds. */
const QUIET_MS = 10_000;

/**
 * Warns of something that many do at once and again and again, such as connections that repeat while a server is away: at
 * once, then from time to time with the number of times since.
 */
export class SparingWarning {
  readonly #logger: Logger;
  readonly #message: string;
  #toldAt = -Infinity;
  #times = 0;

  constructor(logger: Logger, message: string) {
    this.#logger = logger;
    this.#message = message;
  }

  /** @param now - milliseconds since the epoch */
  tell(fields: LogFields, now: number): void {
    this.#times++;
    if (now - this.#toldAt < QUIET_MS) return;
    this.#logger.warn(this.#message, { ...fields, times: this.#times });
    this.#times = 0;
    this.#toldAt = now;
  }
}
