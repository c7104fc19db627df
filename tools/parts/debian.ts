/**
 * Debian packages unpacked into a directory of their own: nothing is installed on the machine, no service starts, no
 * root is needed. Programs run with the unpacked libraries through the unpacked dynamic loader, so a package of another
 * Debian release works as well.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { announce, cacheDir, installOnce, lastLine, MissingPartError } from './cache.js';
import { findOnPath, run } from './command.js';
import type { Launcher } from './command.js';

const DEFAULT_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

interface Archive {
  uri: string;
  keyring: string;
}

/** A directory tree with unpacked packages. */
export class UnpackedPackages {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Path inside the tree. */
  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** How to start a program of the tree with the tree's own loader and libraries. */
  async launcher(program: string): Promise<Launcher> {
    const triplets = await this.triplets();
    const dirs: string[] = [];
    for (const base of ['usr/lib', 'lib']) {
      for (const triplet of triplets) dirs.push(this.path(base, triplet));
      dirs.push(this.path(base));
    }
    for (const dir of await subdirectoriesWithLibraries(this.path('usr/lib'))) dirs.push(dir);
    return {
      command: await this.loader(triplets),
      args: ['--library-path', dirs.filter((d) => existsSync(d)).join(':'), this.path(program)],
    };
  }

  private async triplets(): Promise<string[]> {
    const names = await readdir(this.path('usr/lib')).catch(() => [] as string[]);
    return names.filter((n) => /^[a-z0-9_]+-linux-gnu/.test(n));
  }

  private async loader(triplets: string[]): Promise<string> {
    const dirs = ['lib64', 'usr/lib64', ...triplets.flatMap((t) => [`lib/${t}`, `usr/lib/${t}`]), 'lib', 'usr/lib'];
    for (const dir of dirs) {
      const names = await readdir(this.path(dir)).catch(() => [] as string[]);
      const loader = names.find((n) => /^ld-linux.*\.so\.\d+$/.test(n));
      if (loader) return this.path(dir, loader);
    }
    throw new Error(`no dynamic loader among the packages in ${this.root}`);
  }
}

/** Private library directories such as `usr/lib/mysql/private`. */
async function subdirectoriesWithLibraries(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const inner = join(dir, entry.name, 'private');
    if (entry.isDirectory() && existsSync(inner)) found.push(inner);
  }
  return found;
}

/**
 * The packages of a Debian suite with all they depend on, unpacked in the cache as `name`.
 *
 * @param what what the part is called in messages
 * @param hint how to get the part when this machine has no Debian package archive
 * @param alone packages of which the dependencies are not needed
 */
export async function unpackDebianPackages(
  name: string,
  suite: string,
  packages: string[],
  what: string,
  hint: string,
  alone: string[] = [],
): Promise<UnpackedPackages> {
  const dir = await installOnce(name, async (work) => {
    const archive = await findDebianArchive();
    if (!archive) throw new MissingPartError(`${what} not found, and this machine has no Debian archive: ${hint}`);
    announce(
      `${what}: unpacking ${[...alone, ...packages].join(', ')} of Debian ${suite} into ${join(cacheDir(), name)}`,
    );
    const files = await download(archive, suite, packages, alone, join(work, 'apt')).catch((error: unknown) => {
      throw new MissingPartError(`${what} could not be fetched from the Debian archive (${lastLine(error)}): ${hint}`);
    });
    await mkdir(join(work, 'root'));
    for (const file of files) await run('dpkg', ['-x', file, join(work, 'root')]);
    await rm(join(work, 'apt'), { recursive: true });
  });
  return new UnpackedPackages(join(dir, 'root'));
}

/** Downloads packages and their dependencies with apt, whose state, cache and sources all lie in `dir`. */
async function download(
  archive: Archive,
  suite: string,
  packages: string[],
  alone: string[],
  dir: string,
): Promise<string[]> {
  const archives = join(dir, 'cache', 'archives');
  for (const d of ['etc/preferences.d', 'state/lists/partial', 'cache/archives/partial']) {
    await mkdir(join(dir, d), { recursive: true });
  }
  await writeFile(join(dir, 'status'), '');
  await writeFile(join(dir, 'etc/sources.list'), `deb [signed-by=${archive.keyring}] ${archive.uri} ${suite} main\n`);
  const settings = {
    'Dir::Etc': join(dir, 'etc'),
    'Dir::Etc::sourcelist': join(dir, 'etc/sources.list'),
    'Dir::Etc::sourceparts': '/nonexistent',
    'Dir::State': join(dir, 'state'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': join(dir, 'cache'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': '',
    'Acquire::Retries': '3',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Translations::DefaultEnabled': 'false',
  };
  const options = ['-q', ...Object.entries(settings).flatMap(([k, v]) => ['-o', `${k}=${v}`])];
  await run('apt-get', [...options, 'update']);
  await run('apt-get', [...options, '-y', '--no-install-recommends', '--download-only', 'install', ...packages]);
  if (alone.length > 0) await run('apt-get', [...options, 'download', ...alone], { cwd: archives });
  const names = (await readdir(archives)).filter((n) => n.endsWith('.deb'));
  if (names.length === 0) throw new Error(`apt-get downloaded none of ${packages.join(', ')}`);
  return names.map((n) => join(archives, n));
}

/** The Debian archive that this machine's own apt uses. */
async function findDebianArchive(): Promise<Archive | undefined> {
  if (!(await findOnPath('apt-get')) || !(await findOnPath('dpkg'))) return undefined;
  const texts = [await readText('/etc/apt/sources.list')];
  for (const name of await readdir('/etc/apt/sources.list.d').catch(() => [] as string[])) {
    const text = await readText(join('/etc/apt/sources.list.d', name));
    if (name.endsWith('.sources')) {
      const archive = archiveOfStanzas(text);
      if (archive) return archive;
    } else if (name.endsWith('.list')) texts.push(text);
  }
  for (const text of texts) {
    const archive = archiveOfLines(text);
    if (archive) return archive;
  }
  return undefined;
}

/** The main archive, not security updates or another vendor's. */
function isDebianArchive(uri: string): boolean {
  return /\/debian\/?$/.test(uri);
}

/** One-line style: `deb [options] uri suite components`. */
export function archiveOfLines(text: string): Archive | undefined {
  for (const line of text.split('\n')) {
    const m = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+\S+\s+.*\bmain\b/.exec(line.trim());
    if (m?.[2] && isDebianArchive(m[2])) {
      return { uri: m[2], keyring: /signed-by=(\/\S+)/i.exec(m[1] ?? '')?.[1] ?? DEFAULT_KEYRING };
    }
  }
  return undefined;
}

/** Stanzas of the deb822 style. */
export function archiveOfStanzas(text: string): Archive | undefined {
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name: string): string[] =>
      (new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1] ?? '').split(/\s+/).filter(Boolean);
    const uri = field('URIs').find(isDebianArchive);
    if (!uri || !field('Types').includes('deb') || !field('Components').includes('main')) continue;
    if (field('Enabled')[0] === 'no') continue;
    return { uri, keyring: field('Signed-By').find((k) => k.startsWith('/')) ?? DEFAULT_KEYRING };
  }
  return undefined;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
