import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let empty: string;
beforeEach(async () => {
  empty = await mkdtemp(join(tmpdir(), 'dm-parts-'));
  // A machine with nothing but Node.
  vi.stubEnv('PATH', empty);
  vi.stubEnv('DM_CACHE_DIR', join(empty, 'cache'));
  for (const name of ['DM_MYSQLD', 'DM_MARIADBD']) vi.stubEnv(name, undefined);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(empty, { recursive: true, force: true });
});

describe('a part that cannot be had', () => {
  it.each(['Mysql', 'Mariadb'] as const)('%s: one sentence says how to get it', async (part) => {
    const { MissingPartError } = await import('../../../tools/parts/cache.js');
    const databases = await import('../../../tools/parts/databases.js');
    const error: unknown = await databases[`resolve${part}`]().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MissingPartError);
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    expect(message).toMatch(
      /^(MySQL|MariaDB).* (not found|could not be fetched).*: .*\b(DM_MYSQLD|DM_MARIADBD)\b.*\.$/,
    );
  });

  it('the tools of the benchmark: the same', async () => {
    const { MissingPartError } = await import('../../../tools/parts/cache.js');
    const { resolveMydumper } = await import('../../../tools/parts/load-tools.js');
    const error: unknown = await resolveMydumper().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MissingPartError);
    expect((error as Error).message).toMatch(/^[^\n]*mydumper[^\n]*: [^\n]+\.$/i);
  });
});
