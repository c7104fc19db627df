/** pt-online-schema-change, which changes tables while they are written to. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { announce } from './cache.js';
import { findOnPath } from './command.js';
import type { Launcher } from './command.js';
import { unpackDebianPackages, type UnpackedPackages } from './debian.js';

let tool: Promise<Launcher> | undefined;

/** pt-online-schema-change on PATH, else that of Debian bookworm's percona-toolkit with the Perl it needs. */
export function resolvePtOsc(): Promise<Launcher> {
  tool ??= findPtOsc();
  return tool;
}

async function findPtOsc(): Promise<Launcher> {
  const program = await findOnPath('pt-online-schema-change');
  if (program) {
    announce(`pt-online-schema-change: ${program}`);
    return { command: program, args: [] };
  }
  const hint = 'put pt-online-schema-change on PATH.';
  // What the package depends on besides Perl is for its other programs: a debugger, for one.
  const perlPackages = ['perl', 'libdbd-mysql-perl', 'libterm-readkey-perl'];
  const tree = await unpackDebianPackages(
    'percona-toolkit-bookworm',
    'bookworm',
    perlPackages,
    'pt-online-schema-change',
    hint,
    ['percona-toolkit'],
  );
  announce(`pt-online-schema-change: ${tree.root}`);
  const perl = await tree.launcher('usr/bin/perl');
  return {
    command: perl.command,
    args: [...perl.args, tree.path('usr/bin/pt-online-schema-change')],
    env: {
      PERL5LIB: (await moduleDirs(tree)).join(':'),
      // Authentication plugins are looked for at their installed place otherwise.
      MARIADB_PLUGIN_DIR: await pluginDir(tree),
    },
  };
}

/** Where Perl looks for modules, inside the tree. */
async function moduleDirs(tree: UnpackedPackages): Promise<string[]> {
  const dirs = [tree.path('usr/share/perl5')];
  for (const base of [tree.path('usr/share/perl'), tree.path('usr/lib')]) {
    for (const name of await readdir(base).catch(() => [])) {
      if (base.endsWith('perl')) dirs.push(join(base, name));
      else if (/-linux-gnu/.test(name)) dirs.push(...(await architectureDirs(join(base, name))));
    }
  }
  return dirs.filter((dir) => existsSync(dir));
}

async function architectureDirs(base: string): Promise<string[]> {
  const dirs = [join(base, 'perl-base')];
  for (const kind of ['perl', 'perl5']) {
    for (const version of await readdir(join(base, kind)).catch(() => [])) dirs.push(join(base, kind, version));
  }
  return dirs;
}

async function pluginDir(tree: UnpackedPackages): Promise<string> {
  for (const triplet of await readdir(tree.path('usr/lib'))) {
    const dir = tree.path('usr/lib', triplet, 'libmariadb3/plugin');
    if (existsSync(dir)) return dir;
  }
  throw new Error(`no client plugins in ${tree.root}`);
}
