/** The Temporal dev server with its Web UI: the `temporal` program. */
import { chmod, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announce, cacheDir, installOnce, lastLine, MissingPartError, repositoryRoot } from './cache.js';
import { findOnPath, run } from './command.js';
import type { Launcher } from './command.js';

/** Must agree with tools/temporal/go.mod. */
const CLI_VERSION = '1.5.1';
const CLI_PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const DOWNLOAD_TIMEOUT_MS = 60_000;
const BUILD_TIMEOUT_MS = 25 * 60_000;

const HINT =
  'put `temporal` (the Temporal CLI) or Go 1.21 or later on PATH; the demo also takes a server of yours by TEMPORAL_ADDRESS.';

export interface TemporalPart {
  version: string;
  server: Launcher;
}

let temporal: Promise<TemporalPart> | undefined;

/** The `temporal` program: on PATH, downloaded by the SDK, or built with Go. TEMPORAL_ADDRESS is the caller's affair. */
export function resolveTemporal(): Promise<TemporalPart> {
  temporal ??= findTemporal();
  return temporal;
}

async function findTemporal(): Promise<TemporalPart> {
  const onPath = await findOnPath('temporal');
  const program = onPath ?? join(await installOnce(`temporal-${CLI_VERSION}`, obtain), 'temporal');
  const text = (await run(program, ['--version'])).stdout.trim();
  announce(`Temporal: ${program} (${text})`);
  return { version: text, server: { command: program, args: [] } };
}

/** Fills `dir` with the program. */
async function obtain(dir: string): Promise<void> {
  const program = join(dir, 'temporal');
  try {
    await downloadWithSdk(program);
    return;
  } catch (error) {
    announce(`Temporal: the SDK's download failed (${lastLine(error)}), building with Go instead`);
  }
  await buildWithGo(program);
}

/** The SDK downloads the CLI when it starts a test server without a path. */
async function downloadWithSdk(program: string): Promise<void> {
  announce("Temporal: downloading the CLI with the SDK's downloader");
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const downloadDir = await mkdtemp(join(tmpdir(), 'dm-temporal-download-'));
  const start = TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  try {
    const env = await Promise.race([start, timeout(DOWNLOAD_TIMEOUT_MS)]);
    await env.teardown();
    const [file] = await readdir(downloadDir);
    if (!file) throw new Error('the SDK left no file behind');
    await copyFile(join(downloadDir, file), program);
    await chmod(program, 0o755);
  } finally {
    // A download that outlives its time limit must not leave a server behind.
    start.then((env) => env.teardown()).catch(() => {});
    await rm(downloadDir, { recursive: true, force: true });
  }
}

function timeout(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer after ${ms / 1000} s`)), ms).unref();
  });
}

async function buildWithGo(program: string): Promise<void> {
  const go = await findOnPath('go', ['/usr/local/go/bin']);
  if (!go) throw new MissingPartError(`The Temporal CLI is not here and could not be downloaded: ${HINT}`);
  const version = (await run(go, ['env', 'GOVERSION'])).stdout.trim();
  const [, minor] = /^go1\.(\d+)/.exec(version) ?? [];
  // Since 1.21 the go command fetches the toolchain that go.mod asks for.
  if (minor === undefined || Number(minor) < 21) {
    throw new MissingPartError(`Go 1.21 or later is needed to build the Temporal CLI, this is ${version}: ${HINT}`);
  }
  announce(`Temporal: building the CLI ${CLI_VERSION} with ${version} into ${cacheDir()}, about 3 minutes, once`);
  await run(go, ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', program, CLI_PACKAGE], {
    cwd: join(repositoryRoot(), 'tools', 'temporal'),
    env: { CGO_ENABLED: '0', GOFLAGS: '' },
    timeoutMs: BUILD_TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw new MissingPartError(`The Temporal CLI could not be built (${lastLine(error)}): ${HINT}`);
  });
}
