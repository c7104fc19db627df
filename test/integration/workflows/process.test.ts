import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, testBed } from './harness.js';

/** The program as `npm run build` leaves it. */
const PROGRAM = fileURLToPath(new URL('../../../dist/cli/dm-worker.js', import.meta.url));

const bed = testBed();
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dm-process-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Program {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  ended: Promise<number | null>;
}

function run(args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err += String(data)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, out: () => out, err: () => err, ended };
}

describe('dm-worker', () => {
  it('says when it is ready, and ends cleanly on SIGTERM within ten seconds', async () => {
    const program = run(['--name', 'p1', '--data-dir', join(directory, 'p1')]);
    await eventually(() => expect(program.out()).toBe('dm-worker "p1" is ready\n'), 20_000);
    expect((await bed.status.cluster())?.workers).toMatchObject([{ name: 'p1', online: true }]);
    const before = Date.now();
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(program.err()).not.toContain('ERROR');
  });

  it('takes over its name at once after it was killed', async () => {
    const args = ['--name', 'p2', '--data-dir', join(directory, 'p2')];
    const first = run(args);
    await eventually(() => expect(first.out()).toContain('is ready'), 20_000);
    first.child.kill('SIGKILL');
    await first.ended;
    const before = Date.now();
    const second = run(args);
    await eventually(() => expect(second.out()).toContain('is ready'), 20_000);
    // Sooner than the presence of the first could time out after the start of the second.
    expect(Date.now() - before).toBeLessThan(10_000);
    second.child.kill('SIGTERM');
    await second.ended;
  });

  it('does not start under the name of a live worker', async () => {
    const first = run(['--name', 'p3', '--data-dir', join(directory, 'p3')]);
    await eventually(() => expect(first.out()).toContain('is ready'), 20_000);
    const second = run(['--name', 'p3', '--data-dir', join(directory, 'p3b')]);
    expect(await second.ended).toBe(1);
    expect(second.err()).toMatch(/dm-worker: a dm-worker named p3 is online at .*; please choose another --name\n$/);
    const third = run(['--name', 'p4', '--data-dir', join(directory, 'p3')]);
    expect(await third.ended).toBe(1);
    expect(third.err()).toMatch(/the data directory .* is in use by dm-worker p3 \(process \d+\)\n$/);
    first.child.kill('SIGTERM');
    await first.ended;
  });

  it('says within ten seconds that Temporal cannot be reached', async () => {
    const before = Date.now();
    const program = run(['--name', 'p5', '--data-dir', join(directory, 'p5')], { TEMPORAL_ADDRESS: '127.0.0.1:9' });
    expect(await program.ended).toBe(1);
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(program.err()).toMatch(/^dm-worker: cannot reach Temporal at 127\.0\.0\.1:9: [^\n]*set TEMPORAL_ADDRESS\n$/);
  });

  it('says what is wrong with its arguments and its data directory', async () => {
    const blocked = join(directory, 'file');
    writeFileSync(blocked, '');
    const unwritable = run(['--name', 'p6', '--data-dir', join(blocked, 'd')]);
    expect(await unwritable.ended).toBe(1);
    expect(unwritable.err()).toMatch(/^dm-worker: cannot write to the data directory [^\n]*\n$/);
    const misspelled = run(['--nmae', 'p6']);
    expect(await misspelled.ended).toBe(2);
    expect(misspelled.err()).toMatch(/^dm-worker: unknown option '--nmae'[^\n]*\n/);
    const version = run(['-V']);
    expect(await version.ended).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
