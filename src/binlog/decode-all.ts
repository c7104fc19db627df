import type { BinlogEvent, StructureLookup } from '../sync/events.js';
import type { BinlogDecoder } from './decoder.js';

/** Where {@link decodeAll} gets its bytes. */
export interface EventSource {
  /** The next event's bytes, at once where possible; undefined at the end. */
  next(): Buffer | undefined | Promise<Buffer | undefined>;
  /** Frees what the source holds; called once, however the decoding ends. */
  close(): Promise<void>;
}

/**
 * Decodes a source's events one by one, answering the decoder's questions for structures. Nothing is read or decoded before
 * the consumer asks for it, so an event's effect on the structures is known before the rows behind it are decoded.
 */
export async function* decodeAll(
  source: EventSource,
  decoder: BinlogDecoder,
  lookup: StructureLookup,
): AsyncGenerator<BinlogEvent, void, undefined> {
  try {
    for (;;) {
      let bytes = source.next();
      if (bytes instanceof Promise) bytes = await bytes;
      if (bytes === undefined) return;
      const steps = decoder.decode(bytes);
      let step = steps.next();
      while (step.done !== true) {
        if (step.value.type === 'lookup') {
          const found = lookup(step.value.schema, step.value.table);
          step = steps.next(found instanceof Promise ? await found : found);
        } else {
          yield step.value;
          step = steps.next();
        }
      }
    }
  } finally {
    await source.close();
  }
}
