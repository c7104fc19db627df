import { describe, expect, it } from 'vitest';
import { decodeAll } from '../../../src/binlog/decode-all.js';
import { BinlogDecoder } from '../../../src/binlog/decoder.js';
import { goldenBytes } from './golden.js';

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
