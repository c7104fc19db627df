import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BinlogEvent, EventReader, RowsEvent, StructureLookup } from '../sync/events.js';
import type { BinlogDecoder, Steps } from './decoder.js';
import type { XaRowsRequest, XaRowsSource } from './xa.js';

/** Where {@link decodeAll} gets its bytes. */
export interface EventSource {
  /** The next event's bytes, at once where possible; undefined at the end. */
  next(): Buffer | undefined | Promise<Buffer | undefined>;
  /** Frees what the source holds; called once, however the decoding ends. */
  close(): Promise<void>;
}

/**
 * A turn of the event loop. Buffered events alone never end one, since finished promises run before any timer or socket: the
 * process would neither read on nor tell that it lives.
 */
class Turn {
  private began = performance.now();
  private untilLook = LOOK_EVERY;

  /** Looks at the clock. */
  isOver(): boolean {
    this.untilLook = LOOK_EVERY;
    return performance.now() - this.began > MAX_TURN_MS;
  }

  /** The same for who asks after each event, most of which are small: looks at the clock now and then. */
  isOverAfter(bytes: number): boolean {
    this.untilLook -= 1 + bytes / SMALL_BYTES;
    return this.untilLook <= 0 && this.isOver();
  }

  async next(): Promise<void> {
    await nextTurn();
    this.began = performance.now();
  }
}

/** Longest time for which decoding keeps the process from its timers and sockets, milliseconds. */
const MAX_TURN_MS = 10;

/** Small events between two looks at the clock, and the bytes that count as one. */
const LOOK_EVERY = 512;
const SMALL_BYTES = 2048;

/**
 * Decodes a source's events one by one, answering the decoder's questions for structures. Nothing is read or decoded before
 * the consumer asks for it, so an event's effect on the structures is known before the rows behind it are decoded.
 *
 * @param xaRows - given when the decoder holds rows of XA transactions
 */
export function decodeAll(
  source: EventSource,
  decoder: BinlogDecoder,
  lookup: StructureLookup,
  xaRows?: XaRowsSource,
): EventReader {
  return new Decoding(source, decoder, lookup, xaRows);
}

class Decoding implements EventReader {
  private readonly source: EventSource;
  private readonly decoder: BinlogDecoder;
  private readonly lookup: StructureLookup;
  private readonly xaRows: XaRowsSource | undefined;
  private readonly turn = new Turn();
  /** The next bytes, which are on their way. */
  private coming: Promise<Buffer | undefined> | undefined;
  /** What is left of an event that is not decoded in one go. */
  private rest: AsyncGenerator<BinlogEvent, void, undefined> | undefined;
  private turnIsOver = false;
  private ended = false;
  private closing: Promise<void> | undefined;

  constructor(source: EventSource, decoder: BinlogDecoder, lookup: StructureLookup, xaRows: XaRowsSource | undefined) {
    this.source = source;
    this.decoder = decoder;
    this.lookup = lookup;
    this.xaRows = xaRows;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  poll(): BinlogEvent | undefined {
    while (!this.ended && this.rest === undefined && this.coming === undefined && !this.turnIsOver) {
      const bytes = this.source.next();
      if (bytes instanceof Promise) this.coming = bytes;
      else if (bytes === undefined) this.ended = true;
      else {
        this.turnIsOver = this.turn.isOverAfter(bytes.length);
        const event = this.take(bytes);
        if (event !== undefined) return event;
      }
    }
    return undefined;
  }

  async next(): Promise<IteratorResult<BinlogEvent, void>> {
    try {
      while (!this.ended) {
        const event = this.poll() ?? (await this.wait());
        if (event !== undefined) return { done: false, value: event };
      }
    } catch (error) {
      await this.return();
      throw error;
    }
    return this.return();
  }

  async return(): Promise<IteratorResult<BinlogEvent, void>> {
    this.ended = true;
    await this.rest?.return();
    this.closing ??= this.source.close();
    await this.closing;
    return { done: true, value: undefined };
  }

  /** Waits for what keeps {@link poll} from going on. */
  private async wait(): Promise<BinlogEvent | undefined> {
    if (this.ended) return undefined;
    if (this.rest !== undefined) {
      const step = await this.rest.next();
      if (step.done !== true) return step.value;
      this.rest = undefined;
      return undefined;
    }
    if (this.turnIsOver) {
      await this.turn.next();
      this.turnIsOver = false;
    }
    if (this.coming === undefined) return undefined;
    const bytes = await this.coming;
    this.coming = undefined;
    if (bytes === undefined) this.ended = true;
    return bytes === undefined ? undefined : this.take(bytes);
  }

  private take(bytes: Buffer): BinlogEvent | undefined {
    const taken = this.decoder.take(bytes);
    if (taken === undefined || 'type' in taken) return taken;
    this.rest = this.follow(taken);
    return undefined;
  }

  private async *follow(steps: Steps): AsyncGenerator<BinlogEvent, void, undefined> {
    let step = steps.next();
    while (step.done !== true) {
      if (step.value.type === 'lookup') {
        const found = this.lookup(step.value.schema, step.value.table, step.value.fits);
        step = steps.next(found instanceof Promise ? await found : found);
      } else if (step.value.type === 'xa-rows') {
        const found = this.xaRows?.(step.value) ?? [];
        const isHeld = !(Symbol.asyncIterator in found);
        if (!isHeld) yield* atCommit(found, step.value);
        step = steps.next(isHeld ? found : undefined);
      } else {
        yield step.value;
        step = steps.next();
      }
      if (this.turn.isOver()) await this.turn.next();
    }
  }
}

/** Rows that stand elsewhere in the binlog take the place and time of their commit. */
async function* atCommit(
  rows: AsyncIterable<RowsEvent>,
  { start, end, timestamp }: XaRowsRequest,
): AsyncGenerator<RowsEvent, void, undefined> {
  for await (const event of rows) yield { ...event, start, end, timestamp };
}
