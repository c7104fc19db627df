import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import { workflowBundle } from '../../integration/workflows/bundle.js';

/**
 * Workflows live for years: histories of earlier versions, recorded on a real Temporal, must replay with the code as it is.
 * A change that breaks one of these breaks running tasks; guard it with `patched()` (see workflows/README.md).
 */
const DIRECTORY = fileURLToPath(new URL('../../histories/', import.meta.url));
const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));

beforeAll(async () => {
  await workflowBundle();
}, 60_000);

it('has histories of every workflow', () => {
  for (const type of ['cluster', 'source', 'task', 'subtask']) {
    expect(files.filter((name) => name.includes(`.${type}Workflow.`)).length).toBeGreaterThan(0);
  }
});

it.each(files)('replays %s', async (file) => {
  const stored = JSON.parse(readFileSync(DIRECTORY + file, 'utf8')) as Record<string, unknown>;
  const history = proto.temporal.api.history.v1.History.fromObject(stored);
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, file.split('.')[0] ?? file);
});
