/**
 * `npm run dev:servers -- --out FILE`: two upstreams (MySQL and MariaDB), a downstream and Temporal for work on this
 * project. Writes their addresses as JSON and runs until it is ended.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startServers } from './server-set.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    password: { type: 'string', default: 'root-pw' },
    'buffer-pool': { type: 'string', default: '256M' },
  },
});
const servers = await startServers(values.password, values['buffer-pool']);
const text = `${JSON.stringify(servers.addresses, null, 2)}\n`;
if (values.out) {
  await writeFile(`${values.out}.new`, text, { mode: 0o600 });
  await rename(`${values.out}.new`, values.out);
}
console.log(text);
const forever = setInterval(() => {}, 60_000);
await new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});
clearInterval(forever);
if (values.out) await rm(values.out, { force: true });
await servers.stop();
