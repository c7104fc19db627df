/** Reads which modules each of our source files imports. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = normalize(join(dirname(fileURLToPath(import.meta.url)), '../../..'));

export interface Import {
  /** As written. */
  specifier: string;
  /** Path from the root for our own files. */
  file?: string;
  typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\b([^'"`;]*?)\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Imports of one source text. */
export function importsOf(text: string): { specifier: string; typeOnly: boolean }[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: { specifier: string; typeOnly: boolean }[] = [];
  for (const [, clause = '', from, bare] of code.matchAll(STATEMENT)) {
    found.push({ specifier: from ?? bare ?? '', typeOnly: isTypeOnly(clause) });
  }
  for (const [, specifier = ''] of code.matchAll(DYNAMIC)) found.push({ specifier, typeOnly: false });
  return found;
}

/** `import type ...`, or braces in which every name is marked `type`. */
function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([\s\S]*)\}\s*$/
    .exec(clause)?.[1]
    ?.split(',')
    .filter((n) => n.trim() !== '');
  return names !== undefined && names.length > 0 && names.every((n) => /^\s*type\s/.test(n));
}

/** Every TypeScript file below the folders, with its imports. */
export function importGraph(folders: string[]): Map<string, Import[]> {
  const graph = new Map<string, Import[]>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(ROOT, path), { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else if (child.endsWith('.ts') && !child.endsWith('.d.ts')) graph.set(child, resolved(child));
    }
  };
  for (const folder of folders) if (existsSync(join(ROOT, folder))) visit(folder);
  return graph;
}

function resolved(path: string): Import[] {
  return importsOf(readFileSync(join(ROOT, path), 'utf8')).map((found) =>
    found.specifier.startsWith('.')
      ? { ...found, file: normalize(join(dirname(path), found.specifier)).replace(/\.js$/, '.ts') }
      : found,
  );
}
