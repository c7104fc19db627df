import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeDataDir } from '../../../cli/worker/data-dir.js';
import { readWorkerOptions } from '../../../cli/worker/options.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dm-worker-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, 'dm-worker.toml');
  writeFileSync(path, text);
  return path;
}

const read = (...argv: string[]): ReturnType<typeof readWorkerOptions> => readWorkerOptions(argv, '1.2.3');

describe('the command line', () => {
  it('gives names and defaults', () => {
    expect(read('--name', 'w1', '--data-dir', '/d')).toEqual({
      name: 'w1',
      addr: expect.any(String),
      dataDir: '/d',
      maxSources: 16,
      logLevel: 'info',
    });
    expect(read('--worker-addr', '10.0.0.1:8262')).toMatchObject({ name: '10.0.0.1:8262', addr: '10.0.0.1:8262' });
    expect(read('-name', 'w1', '-L', 'fatal')).toMatchObject({ name: 'w1', logLevel: 'error' });
  });

  it.each([
    [['--nmae', 'x'], /unknown option '--nmae'/],
    [['--max-sources', '0'], /whole number above 0/],
    [['--max-sources', '1.5'], /whole number above 0/],
    [['-L', 'loud'], /one of debug, info, warn, error/],
    [['--name', 'a b'], /no spaces/],
    [['--name', 'a/b'], /no slashes/],
    [['--name'], /argument missing/],
    [['extra'], /too many arguments/],
    [['--config', '/does/not/exist.toml'], /cannot read \/does\/not\/exist\.toml/],
  ])('%j is refused in one sentence', (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });
});

describe('dm-worker.toml', () => {
  it('is read, and flags win over it', () => {
    const path = file(
      'name = "w1"\nworker-addr = ":8262"\nadvertise-addr = "10.1.1.1:8262"\njoin = "a:8261,b:8261"\nkeepalive-ttl = 60\nlog-level = "debug"\nlog-file = "w.log"\n',
    );
    expect(read('--config', path)).toMatchObject({
      name: 'w1',
      addr: '10.1.1.1:8262',
      logLevel: 'debug',
      logFile: 'w.log',
      dataDir: 'w1.data',
    });
    expect(read('--config', path, '--name', 'w2', '-L', 'warn')).toMatchObject({ name: 'w2', logLevel: 'warn' });
  });

  it.each([
    ['name = "w1"\nnmae = "x"\n', /dm-worker\.toml:2: nmae: unknown key/],
    ['\n\nlog-level = "loud"\n', /dm-worker\.toml:3: log-level/],
    ['name = 5\n', /dm-worker\.toml:1: name/],
    ['name = "w1\n', /dm-worker\.toml:1/],
    ['ssl-ca = "/x"\n', /dm-worker\.toml:1: ssl-ca: .*TEMPORAL_TLS/],
  ])('%j is refused with file, line and key', (text, message) => {
    expect(() => read('--config', file(text))).toThrow(message);
  });
});

describe('the data directory', () => {
  it('belongs to one live process', () => {
    const path = join(directory, 'data');
    const parent = { pid: process.ppid, started: '', name: 'w0', incarnation: 'i0' };
    mkdirSync(path);
    writeFileSync(join(path, 'dm-worker.lock'), JSON.stringify(parent));
    // The recorded start time is not that process's: its id was used again.
    expect(takeDataDir(path, 'w1', 'i1').predecessor).toBeUndefined();
    const again = takeDataDir(path, 'w1', 'i2');
    expect(again.predecessor).toBe('i1');
    again.release();
    expect(takeDataDir(path, 'w1', 'i3').predecessor).toBeUndefined();
  });

  it('is refused when it cannot be made', () => {
    const blocked = join(directory, 'file');
    writeFileSync(blocked, '');
    expect(() => takeDataDir(join(blocked, 'data'), 'w1', 'i')).toThrow(/cannot write to the data directory/);
  });

  it('survives a lock that was half written', () => {
    writeFileSync(join(directory, 'dm-worker.lock'), '{"pid":');
    expect(takeDataDir(directory, 'w1', 'i').predecessor).toBeUndefined();
  });
});
