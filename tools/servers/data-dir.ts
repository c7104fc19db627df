/** New data directories, copied from a template that is initialised once for each server version. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce } from '../parts/cache.js';
import { run } from '../parts/command.js';
import type { DatabasePart } from '../parts/databases.js';

/** Fills `dataDir` (made here) so that the server can start in it; `root` has no password yet. */
export async function createDataDir(part: DatabasePart, dataDir: string): Promise<void> {
  const template = await installOnce(`data-${part.flavor}-${part.version.replace(/[^\w.-]/g, '_')}`, (dir) =>
    part.flavor === 'mysql' ? initialiseMysql(part, dir) : initialiseMariadb(part, dir),
  );
  await cp(template, dataDir, { recursive: true });
}

/** `--user` is required of root and refused to others. */
export function userArgs(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function initialiseMysql(part: DatabasePart, dir: string): Promise<void> {
  const { command, args } = part.server;
  await run(command, [
    ...args,
    '--no-defaults',
    ...part.serverArgs,
    ...userArgs(),
    '--initialize-insecure',
    '--skip-log-bin',
    '--innodb-redo-log-capacity=64M',
    `--datadir=${dir}`,
  ]);
  // Each copy makes a server_uuid of its own.
  await rm(join(dir, 'auto.cnf'), { force: true });
}

/** What mariadb-install-db does, without the help tables: that script looks for files at their installed places. */
async function initialiseMariadb(part: DatabasePart, dir: string): Promise<void> {
  const scripts = ['system_tables', 'performance_tables', 'system_tables_data'];
  let sql = 'CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\n';
  for (const script of scripts) sql += `${await readFile(findScript(part.shareDir, script), 'utf8')}\n`;
  // Only what the start's own statements make: root@127.0.0.1 would win over root@% and has no password.
  sql += "DELETE FROM mysql.global_priv WHERE User = '' OR Host <> 'localhost';\nDELETE FROM mysql.db;\n";
  await mkdir(join(dir, 'mysql'), { recursive: true });
  const { command, args } = part.server;
  await run(
    command,
    [
      ...args,
      '--no-defaults',
      ...part.serverArgs,
      ...userArgs(),
      '--bootstrap',
      '--skip-log-bin',
      '--enforce-storage-engine=',
      `--datadir=${dir}`,
    ],
    { input: sql },
  );
}

function findScript(shareDir: string, name: string): string {
  const path = [`mariadb_${name}.sql`, `mysql_${name}.sql`].map((n) => join(shareDir, n)).find((p) => existsSync(p));
  if (!path) throw new Error(`${name}.sql not found in ${shareDir}: the MariaDB installation is incomplete`);
  return path;
}

/** File with statements that the server runs at start: `root` from everywhere, with this password, outside the binlog. */
export async function writeInitFile(path: string, flavor: DatabasePart['flavor'], password: string): Promise<void> {
  const secret = password.replace(/['\\]/g, '\\$&');
  const lines = ['SET SESSION sql_log_bin = 0;'];
  for (const host of ['localhost', '%']) {
    const user = `'root'@'${host}'`;
    lines.push(
      `CREATE USER IF NOT EXISTS ${user};`,
      `ALTER USER ${user} IDENTIFIED BY '${secret}';`,
      `GRANT ALL PRIVILEGES ON *.* TO ${user} WITH GRANT OPTION;`,
    );
  }
  if (flavor === 'mariadb') lines.push(`GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION;`);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
}
