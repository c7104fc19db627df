/**
 * Servers for the projects `integration` and `e2e`: those of the file that DM_TEST_SERVERS names (see
 * tools/servers/dev-servers.ts), else started here once for all projects of the run.
 */
import { readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { startServers } from '../../tools/servers/server-set.js';
import type { RunningServers, ServerAddresses } from '../../tools/servers/server-set.js';

declare module 'vitest' {
  export interface ProvidedContext {
    servers: ServerAddresses;
  }
}

/** Shared by the projects of one run, each of which loads this module for itself. */
interface Shared {
  users: number;
  starting: Promise<RunningServers>;
}

const KEY = Symbol.for('dm-temporal.test-servers');
const registry = globalThis as unknown as Record<symbol, Shared | undefined>;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const file = process.env.DM_TEST_SERVERS;
  if (file) {
    project.provide('servers', JSON.parse(readFileSync(file, 'utf8')) as ServerAddresses);
    return undefined;
  }
  const shared = (registry[KEY] ??= { users: 0, starting: startServers('root-pw', '256M') });
  shared.users += 1;
  project.provide('servers', (await shared.starting).addresses);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    registry[KEY] = undefined;
    await (await shared.starting).stop();
  };
}
