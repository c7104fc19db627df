/** MySQL and MariaDB servers: found on this machine, or unpacked from Debian packages. */
import { dirname, join } from 'node:path';
import { announce } from './cache.js';
import { findOnPath, run } from './command.js';
import type { Launcher } from './command.js';
import { unpackDebianPackages } from './debian.js';

/** A server that can be started. */
export interface DatabasePart {
  flavor: 'mysql' | 'mariadb';
  /** For example `9.7.0` or `10.11.18-MariaDB`. */
  version: string;
  server: Launcher;
  /** The flavor's command line client. */
  client: Launcher | undefined;
  /** Arguments that point the server at its own files. */
  serverArgs: string[];
  /** Folder of the SQL files that make a new data directory (MariaDB). */
  shareDir: string;
}

const MYSQL_HINT = 'put mysqld 8.0 or later on PATH, or set DM_MYSQLD to its path.';
const MARIADB_HINT = 'put mariadbd 10.5 or later on PATH, or set DM_MARIADBD to its path.';

let mysql: Promise<DatabasePart> | undefined;
let mariadb: Promise<DatabasePart> | undefined;

/** MySQL: `DM_MYSQLD`, `mysqld` >= 8.0 on PATH, else Debian sid's 9.x. */
export function resolveMysql(): Promise<DatabasePart> {
  mysql ??= findMysql();
  return mysql;
}

/** MariaDB: `DM_MARIADBD`, `mariadbd` on PATH, else Debian bookworm's 10.11. */
export function resolveMariadb(): Promise<DatabasePart> {
  mariadb ??= findMariadb();
  return mariadb;
}

async function findMysql(): Promise<DatabasePart> {
  for (const path of await candidates(process.env.DM_MYSQLD, 'mysqld')) {
    const text = (await run(path, ['--no-defaults', '--version'])).stdout;
    const version = versionOf(text);
    if (/mariadb/i.test(text) || Number.parseInt(version, 10) < 8) continue;
    const client = await findOnPath('mysql');
    announce(`MySQL ${version}: ${path}`);
    return {
      flavor: 'mysql',
      version,
      server: { command: path, args: [] },
      client: client ? { command: client, args: [] } : undefined,
      serverArgs: [],
      shareDir: '',
    };
  }
  const tree = await unpackDebianPackages(
    'mysql-sid',
    'sid',
    ['mysql-server-core', 'mysql-client-core'],
    'MySQL',
    MYSQL_HINT,
  );
  const server = await tree.launcher('usr/sbin/mysqld');
  const version = versionOf((await run(server.command, [...server.args, '--no-defaults', '--version'])).stdout);
  announce(`MySQL ${version}: ${tree.root}`);
  return {
    flavor: 'mysql',
    version,
    server,
    client: await tree.launcher('usr/bin/mysql'),
    serverArgs: [
      `--lc-messages-dir=${tree.path('usr/share/mysql')}`,
      `--character-sets-dir=${tree.path('usr/share/mysql/charsets')}`,
      `--plugin-dir=${tree.path('usr/lib/mysql/plugin')}`,
    ],
    shareDir: tree.path('usr/share/mysql'),
  };
}

async function findMariadb(): Promise<DatabasePart> {
  for (const path of await candidates(process.env.DM_MARIADBD, 'mariadbd')) {
    const version = versionOf((await run(path, ['--no-defaults', '--version'])).stdout);
    const client = await findOnPath('mariadb');
    announce(`MariaDB ${version}: ${path}`);
    return {
      flavor: 'mariadb',
      version,
      server: { command: path, args: [] },
      client: client ? { command: client, args: [] } : undefined,
      serverArgs: [],
      shareDir: join(dirname(dirname(path)), 'share/mysql'),
    };
  }
  const tree = await unpackDebianPackages(
    'mariadb-bookworm',
    'bookworm',
    ['mariadb-server-core', 'mariadb-client-core'],
    'MariaDB',
    MARIADB_HINT,
  );
  const server = await tree.launcher('usr/sbin/mariadbd');
  const version = versionOf((await run(server.command, [...server.args, '--no-defaults', '--version'])).stdout);
  announce(`MariaDB ${version}: ${tree.root}`);
  return {
    flavor: 'mariadb',
    version,
    server,
    client: await tree.launcher('usr/bin/mariadb'),
    serverArgs: [
      `--lc-messages-dir=${tree.path('usr/share/mysql')}`,
      `--character-sets-dir=${tree.path('usr/share/mysql/charsets')}`,
      `--plugin-dir=${tree.path('usr/lib/mysql/plugin')}`,
    ],
    shareDir: tree.path('usr/share/mysql'),
  };
}

async function candidates(named: string | undefined, program: string): Promise<string[]> {
  if (named) return [named];
  // Debian keeps servers in /usr/sbin, which an ordinary user's PATH leaves out.
  const onPath = await findOnPath(program, ['/usr/sbin', '/usr/local/sbin']);
  return onPath ? [onPath] : [];
}

function versionOf(text: string): string {
  const m = /Ver (\S+)/.exec(text);
  if (!m?.[1]) throw new Error(`no version in: ${text.trim()}`);
  return m[1];
}
