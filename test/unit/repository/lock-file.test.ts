import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  version?: string;
  integrity?: string;
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

/** Whether a package finds a dependency: in its own node_modules, or in those above. */
function isLocked(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

describe('package-lock.json', () => {
  // A registry that lacks the binaries of other platforms makes npm leave them out, and `npm ci` then fails everywhere.
  it('holds every dependency, those for other platforms included', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter((name) => !isLocked(path, name))
        .map((name) => `${path} needs ${name}`),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(packages).length).toBeGreaterThan(100);
  });

  // Where npm has not seen a package, it writes no checksum of it and asks for none later.
  it('holds the checksum of every package, and no registry', () => {
    const wrong = Object.entries(packages)
      .filter(([path, { integrity, resolved }]) => path !== '' && (!integrity?.startsWith('sha512-') || resolved))
      .map(([path]) => path);
    expect(wrong).toEqual([]);
  });
});
