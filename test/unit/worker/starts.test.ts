import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeConnection } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { openLog } from '../../../cli/worker/log-file.js';
import { ensureSearchAttributes } from '../../../cli/worker/search-attributes.js';

test('a log file that cannot be written stops a worker before it begins; one that is there is continued', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dm-log-'));
  expect(() => openLog({ logFile: join(directory, 'no', 'x.log'), logLevel: 'info' })).toThrow(
    /^cannot write the log file: ENOENT/,
  );
  const logFile = join(directory, 'x.log');
  for (const message of ['first', 'second']) openLog({ logFile, logLevel: 'info' }).info(message);
  await expect.poll(() => readFileSync(logFile, 'utf8')).toMatch(/\[first\]\n.*\[second\]\n$/s);
  rmSync(directory, { recursive: true });
});

test('a namespace that does not exist is told apart from one that lacks search attributes', async () => {
  const failing = (message: string): NativeConnection => {
    const listSearchAttributes = async (): Promise<never> => {
      throw new Error(message);
    };
    return { operatorService: { listSearchAttributes } } as unknown as NativeConnection;
  };
  await expect(ensureSearchAttributes(failing('Namespace shop is not found.'), 'shop')).rejects.toThrow(
    /^the namespace shop does not exist; .*temporal operator namespace create --namespace shop$/,
  );
  await expect(ensureSearchAttributes(failing('PermissionDenied'), 'shop')).rejects.toThrow(
    /lacks the search attributes DmTask, .*\(PermissionDenied\); please run: temporal operator search-attribute create/,
  );
});
