/** The source and the task file that a user would write. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Environment } from './environment.js';
import { SHOP } from './shop.js';

export const TASK = 'demo-shop';
export const SOURCE = 'demo-upstream';
/** Database of the task's checkpoints, apart from those of a user's own tasks. */
export const META = 'dm_demo_meta';

export interface DemoFiles {
  source: string;
  task: string;
}

/** Writes both files; `encrypt` turns a password into what a file holds. */
export async function writeFiles(
  environment: Environment,
  encrypt: (password: string) => Promise<string>,
): Promise<DemoFiles> {
  const { up, down, workDir } = environment;
  const files = { source: join(workDir, 'source.yaml'), task: join(workDir, 'task.yaml') };
  const source = {
    'source-id': SOURCE,
    'enable-gtid': up.flavor === 'mysql',
    flavor: up.flavor,
    from: { host: up.host, port: up.port, user: up.user, password: await encrypt(up.password) },
  };
  const task = {
    name: TASK,
    'task-mode': 'all',
    'meta-schema': META,
    'target-database': { host: down.host, port: down.port, user: down.user, password: await encrypt(down.password) },
    'mysql-instances': [
      {
        'source-id': SOURCE,
        'block-allow-list': 'shop',
        'mydumper-config-name': 'dump',
        'loader-config-name': 'load',
        'syncer-config-name': 'sync',
      },
    ],
    'block-allow-list': { shop: { 'do-dbs': [SHOP] } },
    mydumpers: { dump: { threads: 4, 'chunk-filesize': 4 } },
    loaders: { load: { 'pool-size': 8 } },
    syncers: { sync: { 'worker-count': 8, batch: 100, 'checkpoint-flush-interval': 1 } },
  };
  // The files hold passwords.
  await writeFile(files.source, stringify(source), { mode: 0o600 });
  await writeFile(files.task, stringify(task), { mode: 0o600 });
  return files;
}
