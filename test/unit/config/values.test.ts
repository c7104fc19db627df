import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExtraArgs, parseFileSize } from '../../../src/config/extra-args.js';
import { formatGoDuration, parseGoDuration } from '../../../src/config/go-duration.js';
import { MASK, maskSecrets } from '../../../src/config/mask.js';
import { namePatternProblem } from '../../../src/config/pattern-problems.js';
import { decryptPassword, encryptPassword, passwordKey, readPassword } from '../../../src/config/password.js';
import { editDistance, suggest } from '../../../src/config/suggest.js';
import { isTimezone } from '../../../src/config/timezone.js';

describe('durations of Go', () => {
  it.each([
    ['5m0s', 300_000],
    ['1h2m3.5s', 3_723_500],
    ['300ms', 300],
    ['1us', 0.001],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['0', 0],
    ['-2s', -2000],
    ['+2s', 2000],
  ])('%s', (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms, 9));

  it.each(['', '5', '5 m', 'm5', '1d', '5m 0s', 's', '1.2.3s', '5M'])('refuses %j', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });

  it('prints what it reads', () => {
    expect(formatGoDuration(3_600_000)).toBe('1h0m0s');
    expect(formatGoDuration(1500)).toBe('1.5s');
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (ms) => {
        expect(parseGoDuration(formatGoDuration(ms))).toBeCloseTo(ms, 6);
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    ['64', 67_108_864],
    ['0.5', 524_288],
    ['33554432B', 33_554_432],
    ['256MiB', 268_435_456],
    ['1g', 1_073_741_824],
    ['512 KB', 524_288],
  ])('%s', (text, bytes) => expect(parseFileSize(text)).toBe(bytes));

  it.each(['', '0', '-1', '64XB', 'MB', '1e3', '6 4', 'ten'])('refuses %j', (text) => {
    expect(parseFileSize(text)).toBeUndefined();
  });
});

describe('extra-args', () => {
  it('reads every spelling', () => {
    expect(parseExtraArgs(`-t4 --threads=5 -r 10 --statement-size=1000 --filesize 1 --where "a = 'x y'"`)).toEqual({
      threads: 5,
      rows: 10,
      statementSize: 1000,
      chunkFilesize: 1_048_576,
      where: "a = 'x y'",
      ignored: [],
    });
    expect(parseExtraArgs('--no-locks --consistency none')).toMatchObject({ consistency: 'none' });
    expect(parseExtraArgs('-W --skip-tz-utc')).toMatchObject({ ignored: [expect.any(String), expect.any(String)] });
    expect(parseExtraArgs('')).toEqual({ ignored: [] });
  });

  it('is not fooled by names of object properties', () => {
    expect(parseExtraArgs('constructor -t 3 --__proto__')).toEqual({
      ignored: ['"constructor" is not known', '"--__proto__" is not known'],
      threads: 3,
    });
  });

  it('passes over what is not known, as DM does', () => {
    expect(parseExtraArgs('--regex ^a --threads=5 -q')).toEqual({
      ignored: ['"--regex" is not known', '"^a" is not known', '"-q" is not known'],
      threads: 5,
    });
  });

  it('names databases and tables', () => {
    expect(parseExtraArgs('-B a,b --database=c -T a.t1,b.t.2')).toEqual({
      ignored: [],
      databases: ['a', 'b', 'c'],
      tables: [
        { schema: 'a', table: 't1' },
        { schema: 'b', table: 't.2' },
      ],
    });
    expect(parseExtraArgs("-f 'a.*' -f !a.b")).toEqual({ ignored: [], tableFilter: ['a.*', '!a.b'] });
    expect(parseExtraArgs('--filter *.*')).toEqual({ ignored: [] });
    expect(parseExtraArgs('-f a.* -T a.b')).toEqual({ problem: '--tables-list and --filter exclude each other' });
  });

  it('loses one pair of quotes around all of it', () => {
    expect(parseExtraArgs(`"--threads 3 --where 'a > 1'"`)).toEqual({ ignored: [], threads: 3, where: 'a > 1' });
    expect(parseExtraArgs(`--where "a > 1"`)).toEqual({ ignored: [], where: 'a > 1' });
  });
});

describe('name patterns', () => {
  it.each([
    'test',
    'test*',
    '*',
    't?st',
    't[1-3]',
    't[!a]',
    '[',
    '~^test.*',
    '~_2018$',
    '~(?i)^a',
    '~(?P<x>a)',
    '~\\Aa\\z',
    '~\\_x',
  ])('takes %s', (pattern) => expect(namePatternProblem(pattern)).toBeUndefined());

  it.each([
    '',
    'te*st',
    '**',
    '*_bak',
    't**',
    '~(',
    '~[',
    '~(?!a)b',
    '~a(?=b)',
    '~(?<=a)b',
    '~(?<!a)b',
    '~(a)\\1',
    '~a{2,1}',
  ])('refuses %j', (pattern) => expect(namePatternProblem(pattern)).toEqual(expect.any(String)));
});

describe('time zones', () => {
  it.each(['+08:00', '-12:59', '+14:00', '+8:00', 'UTC', 'Asia/Shanghai', 'Europe/Berlin'])('takes %s', (zone) => {
    expect(isTimezone(zone)).toBe(true);
  });
  it.each(['', 'SYSTEM', 'system', 'Local', '+14:01', '-13:00', '+8', '08:00', '+08:60', 'Nowhere/At/All', '+aa:00'])(
    'refuses %j',
    (zone) => expect(isTimezone(zone)).toBe(false),
  );
});

describe('passwords', () => {
  const key = Buffer.from('0123456789abcdef0123456789abcdef');

  it('come back, and look different each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (plain) => {
        const cipher = encryptPassword(plain, key);
        expect(readPassword(cipher, key)).toBe(plain);
        expect(decryptPassword(cipher, key)).toBe(plain);
        expect(encryptPassword(plain, key)).not.toBe(cipher);
        const raw = Buffer.from(cipher, 'base64');
        expect(raw[16]).toBe(0x40);
        expect(raw.length).toBe(17 + Buffer.byteLength(plain));
      }),
    );
  });

  it('keep the form of DM: base64 of IV, @ and AES-256-CFB', () => {
    const cipher = Buffer.concat([Buffer.alloc(16), Buffer.from('@'), Buffer.from('a8b1c5', 'hex')]).toString('base64');
    const plain = Buffer.from('dc95c078a2408989ad48a21492842087', 'hex');
    // First key stream block of AES-256 with a zero key and a zero IV.
    const expected = Buffer.from([0xa8 ^ plain[0], 0xb1 ^ plain[1], 0xc5 ^ plain[2]]);
    if (Buffer.from(expected.toString('utf8')).equals(expected)) {
      expect(readPassword(cipher, Buffer.alloc(32))).toBe(expected.toString('utf8'));
    } else {
      expect(() => readPassword(cipher, Buffer.alloc(32))).toThrow('decrypt DB password');
    }
  });

  it.each(['', '123456', 'abc!@#123', 'aGVsbG8=', 'a'.repeat(100), Buffer.alloc(20, 65).toString('base64')])(
    '%j is a plain one',
    (plain) => {
      expect(readPassword(plain, key)).toBe(plain);
      expect(() => decryptPassword(plain, key)).toThrow('decrypt DB password');
    },
  );

  it('of another key are told', () => {
    const other = Buffer.from('fedcba9876543210');
    const cipher = encryptPassword('a rather long password, to be sure', key);
    expect(() => readPassword(cipher, other)).toThrow('decrypt DB password ****** failed');
  });

  it('take their key from the environment', () => {
    expect(passwordKey({}).length).toBe(32);
    expect(passwordKey({ DM_PASSWORD_KEY: '0123456789abcdef' })).toEqual(Buffer.from('0123456789abcdef'));
    expect(() => passwordKey({ DM_PASSWORD_KEY: 'short' })).toThrow('decrypt DB password');
    expect(() => passwordKey({ DM_PASSWORD_KEY_FILE: '/no/such/file' })).toThrow('decrypt DB password');
  });
});

describe('masking', () => {
  it('hides every secret and keeps the rest', () => {
    const text = `# password: old
a: 1
from: {host: h, password: "p1"}
to:
  password: &p p2 # p3
  security: {ssl-key: k, ssl-ca: c}
again:
  password: *p
none:
  password: ""
`;
    const masked = maskSecrets(text);
    for (const secret of ['p1', 'p2', 'p3', ' k', 'old']) expect(masked).not.toContain(secret);
    expect(masked).toContain('host: h');
    expect(masked).toContain('ssl-ca: c');
    expect(masked.split(MASK)).toHaveLength(4);
    expect(masked).toContain('password: ""');
  });

  it('shows nothing of a text it cannot read', () => {
    expect(maskSecrets('password: [x')).toBe('');
  });
});

describe('suggestions', () => {
  it('finds near words only', () => {
    expect(suggest('thread', ['threads', 'rows'])).toBe('; did you mean "threads"?');
    expect(suggest('TASK_MODE', ['task-mode'])).toBe('; did you mean "task-mode"?');
    expect(suggest('colour', ['threads', 'rows'])).toBe('');
    expect(suggest('x', [])).toBe('');
  });

  it('measures a distance', () => {
    expect(editDistance('abcd', 'acbd')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
