import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32, tableCrc32 } from '../../../src/binlog/checksum.js';
import { EventFlag, EventType } from '../../../src/binlog/constants.js';
import { Cursor } from '../../../src/binlog/cursor.js';
import { isSilent } from '../../../src/binlog/liveness.js';
import { PacketQueue } from '../../../src/binlog/packet-queue.js';
import { PositionTracker } from '../../../src/binlog/position-tracker.js';
import { parseStatusVars } from '../../../src/binlog/query-event.js';
import { decodeText } from '../../../src/mysql/charset.js';

describe('liveness', () => {
  const limit = 60_000;
  it.each([
    ['a byte just came', { lastByteAt: 99_000, resumedAt: 0, paused: false }, false],
    ['silent for the limit', { lastByteAt: 40_000, resumedAt: 0, paused: false }, true],
    ['silent, but we read again only now', { lastByteAt: 10_000, resumedAt: 90_000, paused: false }, false],
    ['silent for the limit since we read again', { lastByteAt: 10_000, resumedAt: 40_000, paused: false }, true],
    ['we are not reading', { lastByteAt: 0, resumedAt: 0, paused: true }, false],
  ])('%s', (_name, traffic, silent) => {
    expect(isSilent(traffic, 100_000, limit)).toBe(silent);
  });
});

describe('packet queue', () => {
  const queueOf = (limit: number): { queue: PacketQueue; valve: string[] } => {
    const valve: string[] = [];
    const queue = new PacketQueue(limit, { pause: () => valve.push('pause'), resume: () => valve.push('resume') });
    return { queue, valve };
  };

  it('stops the producer above its limit and lets it go on below half of it', async () => {
    const { queue, valve } = queueOf(100);
    for (let index = 0; index < 5; index++) queue.push(Buffer.alloc(25));
    expect(valve).toEqual(['pause']);
    await queue.take();
    await queue.take();
    expect(valve).toEqual(['pause']);
    await queue.take();
    expect(valve).toEqual(['pause', 'resume']);
    expect(queue.size).toBe(50);
  });

  it('gives what came before an error, then the error, each time it is asked', async () => {
    const { queue } = queueOf(100);
    queue.push(Buffer.from('a'));
    queue.finish(new Error('lost'));
    queue.push(Buffer.from('b'));
    expect(await queue.take()).toEqual(Buffer.from('a'));
    await expect(queue.take()).rejects.toThrow('lost');
    await expect(queue.take()).rejects.toThrow('lost');
  });

  it('wakes a waiting taker by an item, an end or an error', async () => {
    const first = queueOf(100).queue;
    const item = first.take();
    first.push(Buffer.from('x'));
    expect(await item).toEqual(Buffer.from('x'));
    const end = first.take();
    first.abandon();
    expect(await end).toBeUndefined();
    const second = queueOf(100).queue;
    const failing = second.take();
    second.finish(new Error('gone'));
    await expect(failing).rejects.toThrow('gone');
  });

  it('keeps order and count of bytes for any pattern of pushing and taking', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3000 }), async (steps) => {
        const { queue, valve } = queueOf(40);
        let pushed = 0;
        let taken = 0;
        for (const step of steps) {
          if (step > 4) queue.push(Buffer.alloc(4, pushed++ & 0xff));
          else if (queue.size > 0) expect((await queue.take())?.[0]).toBe(taken++ & 0xff);
          expect(queue.size).toBe((pushed - taken) * 4);
        }
        for (const [index, entry] of valve.entries()) expect(entry).toBe(index % 2 === 0 ? 'pause' : 'resume');
      }),
      { numRuns: 50 },
    );
  });
});

describe('position tracker', () => {
  const rows = EventType.writeRows;

  it('counts past 4 GiB though headers hold 32 bits', () => {
    const tracker = new PositionTracker({ name: 'b.000001', pos: 4 });
    let expected = 4;
    for (let step = 0; step < 3000; step++) {
      const length = 4_000_000 + step;
      expected += length;
      tracker.move(rows, 0, expected % 2 ** 32, length, true);
      expect(tracker.end).toEqual({ name: 'b.000001', pos: expected });
      expect(tracker.start.pos).toBe(expected - length);
    }
    expect(expected).toBeGreaterThan(2 * 2 ** 32);
  });

  it('counts itself where the server leaves the position out inside a transaction', () => {
    const tracker = new PositionTracker({ name: 'b.000001', pos: 1000 });
    tracker.move(rows, 0, 0, 50, true);
    tracker.move(rows, 0, 0, 60, true);
    expect(tracker.end.pos).toBe(1110);
    tracker.move(EventType.xid, 0, 1141, 31, true);
    expect([tracker.start.pos, tracker.end.pos]).toEqual([1110, 1141]);
  });

  it('is not moved by what the server makes up', () => {
    const tracker = new PositionTracker({ name: 'b.000001', pos: 1000 });
    tracker.rotate('b.000001', 1000);
    tracker.move(EventType.formatDescription, 0, 0, 120, false);
    tracker.move(EventType.heartbeat, 0, 5000, 40, false);
    tracker.move(EventType.mariadbGtidList, EventFlag.artificial, 7000, 40, false);
    expect(tracker.end).toEqual({ name: 'b.000001', pos: 1000 });
  });

  it('goes to the next file, and not back when a rotation is repeated', () => {
    const tracker = new PositionTracker({ name: 'b.000001', pos: 1000 });
    tracker.rotate('b.000002', 4);
    expect(tracker.end).toEqual({ name: 'b.000002', pos: 4 });
    tracker.move(rows, 0, 500, 100, true);
    tracker.rotate('b.000002', 4);
    expect(tracker.end).toEqual({ name: 'b.000002', pos: 500 });
  });

  it('follows a server that leaves transactions out', () => {
    const tracker = new PositionTracker({ name: 'b.000001', pos: 4 });
    tracker.move(EventType.gtid, 0, 10_077, 77, false);
    expect([tracker.start.pos, tracker.end.pos]).toEqual([10_000, 10_077]);
  });
});

describe('checksums', () => {
  it('are the same by table and by the platform', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(tableCrc32(bytes)).toBe(crc32(bytes));
      }),
    );
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });
});

describe('variable-length integers', () => {
  it.each([
    ['00', 0n],
    ['02', 1n],
    ['fe', 127n],
    ['0102', 128n],
    ['fdff', 16383n],
    ['ffffffffffffffffff', 2n ** 64n - 1n],
  ])('%s is %s', (hex, value) => {
    expect(new Cursor(Buffer.from(hex, 'hex')).serializedUint()).toBe(value);
  });

  it('are never read beyond the end', () => {
    for (const hex of ['', '01', '03ff', 'ff00']) {
      expect(() => new Cursor(Buffer.from(hex, 'hex')).serializedUint()).toThrow(/expected/);
    }
  });
});

describe('status variables', () => {
  it('are read up to the first unknown one', () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 0, 0, 0, 1]),
      Buffer.from([1, 4, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([6, 3, ...Buffer.from('std')]),
      Buffer.from([4, 28, 0, 28, 0, 8, 0]),
      Buffer.from([5, 6, ...Buffer.from('+02:00')]),
      Buffer.from([12, 1, ...Buffer.from('db\0')]),
      Buffer.from([16, 1]),
      Buffer.from([18, 45, 0]),
      Buffer.from([200, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    expect(parseStatusVars(bytes)).toEqual({
      options: 1 << 24,
      explicitDefaultsForTimestamp: true,
      sqlMode: 4n,
      charsetClient: 'gbk',
      collationServer: 'latin1_swedish_ci',
      timeZone: '+02:00',
      defaultUtf8mb4Collation: 'utf8mb4_general_ci',
    });
  });

  it("of MariaDB's latest versions may stand before those of charsets and zone", () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 0, 0, 0, 0]),
      Buffer.from([131, 2, 33, 0, 192, 0, 45, 0, 46, 0]),
      Buffer.from([4, 28, 0, 28, 0, 8, 0]),
      Buffer.from([130, 2]),
      Buffer.from([130, 4, 1, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([5, 6, ...Buffer.from('+02:00')]),
    ]);
    expect(parseStatusVars(bytes)).toEqual({
      options: 0,
      charsetClient: 'gbk',
      collationServer: 'latin1_swedish_ci',
      timeZone: '+02:00',
      defaultUtf8mb4Collation: 'utf8mb4_bin',
    });
  });

  it('that are cut off are an error', () => {
    expect(() => parseStatusVars(Buffer.from([1, 4, 0]))).toThrow();
    expect(() => parseStatusVars(Buffer.from([12, 2, 97, 0, 98]))).toThrow();
  });
});

describe('text of statements', () => {
  it.each([
    ['utf8mb4', 'c3bc', 'ü'],
    ['latin1', '80fc81', '€ü\u0081'],
    ['gbk', 'c4e3bac35c', '你好\\'],
    ['sjis', '835c', 'ソ'],
    ['binary', 'c3bc', 'ü'],
    ['utf16', '65e5d83dde00', '日😀'],
  ])('of %s bytes %s is %s', (charset, hex, text) => {
    expect(decodeText(Buffer.from(hex, 'hex'), charset)).toBe(text);
  });

  it('is refused rather than replaced', () => {
    expect(() => decodeText(Buffer.from('ff', 'hex'), 'utf8mb4')).toThrow(/not valid/);
    expect(() => decodeText(Buffer.from('81', 'hex'), 'gbk')).toThrow(/not valid/);
    expect(() => decodeText(Buffer.from('41', 'hex'), 'klingon')).toThrow(/not supported/);
  });
});
