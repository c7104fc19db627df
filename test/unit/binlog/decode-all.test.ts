import { describe, expect, it } from 'vitest';
import { decodeAll } from '../../../src/binlog/decode-all.js';
import { BinlogDecoder } from '../../../src/binlog/decoder.js';
import type { BinlogEvent, EventReader } from '../../../src/sync/events.js';
import { GOLDEN, goldenBytes, type GoldenName } from './golden.js';

/** The events of a recorded file, over and over. */
function* forever(): Generator<Buffer, never, void> {
  const bytes = goldenBytes('mysql-9.7');
  for (;;) {
    for (let pos = 4; pos < bytes.length;) {
      const length = bytes.readUInt32LE(pos + 9);
      yield bytes.subarray(pos, pos + length);
      pos += length;
    }
  }
}

describe('decoding a source that always has more', () => {
  it.each([
    ['handing events on', undefined],
    ['passing over all of them', { name: 'binlog.000001', pos: 2 ** 40 }],
  ])('lets timers run while %s', async (_name, skipTo) => {
    const events = forever();
    let closed = 0;
    let stop = false;
    const source = {
      next: () => (stop ? undefined : events.next().value),
      close: async () => {
        closed += 1;
      },
    };
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      stop = ticks >= 5;
    }, 10);
    const start = { name: 'binlog.000001', pos: 4 };
    const decoder = new BinlogDecoder(skipTo === undefined ? { start } : { start, skipTo });
    for await (const event of decodeAll(source, decoder, () => undefined)) expect(event.type).not.toBe('rows');
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(5);
    expect(closed).toBe(1);
  });

  it('closes the source when its consumer has enough or fails', async () => {
    for (const failing of [false, true]) {
      const events = forever();
      let closed = 0;
      const source = {
        next: () => events.next().value,
        close: async () => {
          closed += 1;
        },
      };
      const decoder = new BinlogDecoder({ start: { name: 'binlog.000001', pos: 4 } });
      const consume = async (): Promise<void> => {
        for await (const event of decodeAll(source, decoder, () => undefined)) {
          if (event.type !== 'commit') continue;
          if (failing) throw new Error('enough');
          break;
        }
      };
      if (failing) await expect(consume()).rejects.toThrow('enough');
      else await consume();
      expect(closed).toBe(1);
    }
  });
});

describe('polling', () => {
  /** The events of a recorded file, all there at once. */
  function recorded(name: GoldenName, damage?: (bytes: Buffer) => void): { events: EventReader; closed: () => number } {
    const bytes = Buffer.from(goldenBytes(name));
    damage?.(bytes);
    let pos = 4;
    let closed = 0;
    const source = {
      next: () => {
        if (pos >= bytes.length) return undefined;
        const start = pos;
        pos += bytes.readUInt32LE(pos + 9);
        return bytes.subarray(start, pos);
      },
      close: async () => {
        closed += 1;
      },
    };
    const decoder = new BinlogDecoder({ start: { name: 'binlog.000001', pos: 4 } });
    return { events: decodeAll(source, decoder, () => undefined), closed: () => closed };
  }

  /** Takes all events, polling first. */
  async function drain(events: EventReader): Promise<{ polled: BinlogEvent[]; waits: number }> {
    const polled: BinlogEvent[] = [];
    for (let waits = 0; ;) {
      const event = events.poll();
      if (event !== undefined) polled.push(event);
      else {
        waits += 1;
        const step = await events.next();
        if (step.done === true) return { polled, waits };
        polled.push(step.value);
      }
    }
  }

  it.each(GOLDEN)('gives the same events as waiting for each, most of them at once: %s', async (name) => {
    const waited: BinlogEvent[] = [];
    for await (const event of recorded(name).events) waited.push(event);
    const { events, closed } = recorded(name);
    const { polled, waits } = await drain(events);
    expect(polled).toEqual(waited);
    expect(waits).toBeLessThan(waited.length);
    expect(closed()).toBe(1);
  });

  it('throws what cannot be decoded, with its place', async () => {
    const { events } = recorded('mysql-9.7', (bytes) => {
      const second = 4 + bytes.readUInt32LE(13);
      bytes[second + 20] = bytes.readUInt8(second + 20) ^ 1;
    });
    await expect(drain(events)).rejects.toThrow(/checksum mismatch/);
  });
});
