/** `node resolve.js mysql mariadb temporal mydumper sysbench pt-osc`: makes sure of parts before they are needed. */
import { MissingPartError } from './cache.js';
import { resolveMariadb, resolveMysql } from './databases.js';
import { resolveMydumper, resolveSysbench } from './load-tools.js';
import { resolvePtOsc } from './schema-tools.js';
import { resolveTemporal } from './temporal.js';

const RESOLVERS: Record<string, () => Promise<unknown>> = {
  mysql: resolveMysql,
  mariadb: resolveMariadb,
  temporal: resolveTemporal,
  mydumper: resolveMydumper,
  sysbench: resolveSysbench,
  'pt-osc': resolvePtOsc,
};

for (const name of process.argv.slice(2)) {
  const resolve = RESOLVERS[name];
  if (!resolve) throw new Error(`no part is called ${name}`);
  try {
    await resolve();
  } catch (error) {
    if (!(error instanceof MissingPartError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
