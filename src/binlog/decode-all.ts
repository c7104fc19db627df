import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BinlogEvent, RowsEvent, StructureLookup } from '../sync/events.js';
import type { BinlogDecoder } from './decoder.js';
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

  isOver(): boolean {
    return performance.now() - this.began > MAX_TURN_MS;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.began = performance.now();
  }
}

/** Longest time for which decoding keeps the process from its timers and sockets, milliseconds. */
const MAX_TURN_MS = 15;

/**
 * Decodes a source's events one by one, answering the decoder's questions for structures. Nothing is read or decoded before
 * the consumer asks for it, so an event's effect on the structures is known before the rows behind it are decoded.
 *
 * @param xaRows - given when the decoder holds rows of XA transactions
 */
export async function* decodeAll(
  source: EventSource,
  decoder: BinlogDecoder,
  lookup: StructureLookup,
  xaRows?: XaRowsSource,
): AsyncGenerator<BinlogEvent, void, undefined> {
  const turn = new Turn();
  try {
    for (;;) {
      if (turn.isOver()) await turn.next();
      let bytes = source.next();
      if (bytes instanceof Promise) bytes = await bytes;
      if (bytes === undefined) return;
      const steps = decoder.decode(bytes);
      let step = steps.next();
      while (step.done !== true) {
        if (step.value.type === 'lookup') {
          const found = lookup(step.value.schema, step.value.table, step.value.fits);
          step = steps.next(found instanceof Promise ? await found : found);
        } else if (step.value.type === 'xa-rows') {
          const found = xaRows?.(step.value) ?? [];
          const isHeld = !(Symbol.asyncIterator in found);
          if (!isHeld) yield* atCommit(found, step.value);
          step = steps.next(isHeld ? found : undefined);
        } else {
          yield step.value;
          step = steps.next();
        }
        if (turn.isOver()) await turn.next();
      }
    }
  } finally {
    await source.close();
  }
}

/** Rows that stand elsewhere in the binlog take the place and time of their commit. */
async function* atCommit(
  rows: AsyncIterable<RowsEvent>,
  { start, end, timestamp }: XaRowsRequest,
): AsyncGenerator<RowsEvent, void, undefined> {
  for await (const event of rows) yield { ...event, start, end, timestamp };
}
