/** Programs that benchmarks compare with or make load with: mydumper, myloader and sysbench. */
import { readdir } from 'node:fs/promises';
import { announce } from './cache.js';
import { findOnPath } from './command.js';
import type { Launcher } from './command.js';
import { unpackDebianPackages } from './debian.js';

export interface MydumperPart {
  mydumper: Launcher;
  myloader: Launcher;
}

let mydumper: Promise<MydumperPart> | undefined;
let sysbench: Promise<Launcher> | undefined;

/** mydumper and myloader on PATH, else Debian bookworm's 0.10. */
export function resolveMydumper(): Promise<MydumperPart> {
  mydumper ??= findMydumper();
  return mydumper;
}

/** sysbench on PATH, else Debian bookworm's 1.0.20; its OLTP scripts are found by name (`oltp_write_only`). */
export function resolveSysbench(): Promise<Launcher> {
  sysbench ??= findSysbench();
  return sysbench;
}

async function findMydumper(): Promise<MydumperPart> {
  const [dumper, loader] = await Promise.all([findOnPath('mydumper'), findOnPath('myloader')]);
  if (dumper && loader) {
    announce(`mydumper: ${dumper}`);
    return { mydumper: { command: dumper, args: [] }, myloader: { command: loader, args: [] } };
  }
  const hint = 'put mydumper and myloader on PATH.';
  const tree = await unpackDebianPackages('mydumper-bookworm', 'bookworm', ['mydumper'], 'mydumper', hint);
  announce(`mydumper: ${tree.root}`);
  // Authentication plugins are looked for at their installed place otherwise.
  const env = { MARIADB_PLUGIN_DIR: await pluginDir(tree.root) };
  const [ours, theirs] = await Promise.all([tree.launcher('usr/bin/mydumper'), tree.launcher('usr/bin/myloader')]);
  return { mydumper: { ...ours, env }, myloader: { ...theirs, env } };
}

async function findSysbench(): Promise<Launcher> {
  const program = await findOnPath('sysbench');
  if (program) {
    announce(`sysbench: ${program}`);
    return { command: program, args: [] };
  }
  const hint = 'put sysbench on PATH.';
  const tree = await unpackDebianPackages('sysbench-bookworm', 'bookworm', ['sysbench'], 'sysbench', hint);
  announce(`sysbench: ${tree.root}`);
  const launcher = await tree.launcher('usr/bin/sysbench');
  return {
    ...launcher,
    env: { LUA_PATH: `${tree.path('usr/share/sysbench')}/?.lua;;`, MARIADB_PLUGIN_DIR: await pluginDir(tree.root) },
  };
}

async function pluginDir(root: string): Promise<string> {
  for (const triplet of await readdir(`${root}/usr/lib`)) {
    const dir = `${root}/usr/lib/${triplet}/libmariadb3/plugin`;
    if ((await readdir(dir).catch(() => [])).length > 0) return dir;
  }
  throw new Error(`no client plugins in ${root}`);
}
