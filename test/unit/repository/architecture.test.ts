import { isBuiltin } from 'node:module';
import { describe, expect, it } from 'vitest';
import { importGraph, importsOf } from './imports.js';
import type { Import } from './imports.js';

const PRODUCT = ['src', 'workflows', 'activities', 'cli'];
/** What runs inside Temporal's sandbox may use these packages. */
const SANDBOX_PACKAGES = new Set(['@temporalio/workflow', '@temporalio/common']);

const graph = importGraph(PRODUCT);

/** `file -> specifier` of the imports of a folder that the rule refuses. */
function refused(folder: string, rule: (found: Import) => boolean): string[] {
  return [...graph]
    .filter(([file]) => file.startsWith(`${folder}/`))
    .flatMap(([file, imports]) => imports.filter(rule).map((i) => `${file} -> ${i.specifier}`));
}

function inFolder(found: Import, ...folders: string[]): boolean {
  return folders.some((f) => found.file?.startsWith(`${f}/`));
}

/** Files reached by value imports, with everything they import by value. */
function closure(start: string[]): Set<string> {
  const seen = new Set(start);
  for (const file of seen) {
    for (const { file: next, typeOnly } of graph.get(file) ?? []) if (next && !typeOnly) seen.add(next);
  }
  return seen;
}

/** One cycle of value imports, or an empty list. */
function findCycle(): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (done.has(file)) return [];
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    path.push(file);
    for (const { file: next, typeOnly } of graph.get(file) ?? []) {
      if (!next || typeOnly) continue;
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('arrows between folders: cli -> workflows -> activities -> src', () => {
  it('reads imports of every form', () => {
    const text = `import a from 'a';\nimport type { B } from 'b';\nimport { type C, type D } from 'c';\nimport { type E, f } from 'e';
export * from './g.js';\nimport 'h';\nconst i = await import('i');\n// import j from 'j';\nimport {\n  k,\n} from 'k';`;
    const found = importsOf(text).map((i) => (i.typeOnly ? `type ${i.specifier}` : i.specifier));
    expect(found.sort()).toEqual(['./g.js', 'a', 'e', 'h', 'i', 'k', 'type b', 'type c']);
  });

  it('sees the files of all folders and resolves what they import', () => {
    for (const folder of PRODUCT)
      expect(
        [...graph.keys()].some((f) => f.startsWith(`${folder}/`)),
        folder,
      ).toBe(true);
    const missing = [...graph].flatMap(([file, imports]) =>
      imports
        .filter((i) => i.file && !i.file.endsWith('.json') && !graph.has(i.file))
        .map((i) => `${file} -> ${i.specifier}`),
    );
    expect(missing).toEqual([]);
  });

  it('src knows nothing of Temporal nor of the folders above it', () => {
    expect(refused('src', (i) => i.specifier.startsWith('@temporalio/'))).toEqual([]);
    expect(refused('src', (i) => i.file !== undefined && !inFolder(i, 'src'))).toEqual([]);
  });

  it('activities use src and the contract, no other part of the workflows', () => {
    const allowed = (i: Import): boolean => inFolder(i, 'src', 'activities') || i.file === 'workflows/contract.ts';
    expect(refused('activities', (i) => i.file !== undefined && !i.typeOnly && !allowed(i))).toEqual([]);
  });

  it('workflows import activities as types only, and never the command line', () => {
    expect(refused('workflows', (i) => inFolder(i, 'activities') && !i.typeOnly)).toEqual([]);
    expect(refused('workflows', (i) => inFolder(i, 'cli', 'tools', 'test'))).toEqual([]);
  });

  it('nothing that a workflow loads needs Node or a package outside the sandbox', () => {
    const loaded = closure([...graph.keys()].filter((f) => f.startsWith('workflows/')));
    const outside = [...loaded].flatMap((file) =>
      (graph.get(file) ?? [])
        .filter((i) => !i.typeOnly && !i.file && (isBuiltin(i.specifier) || !SANDBOX_PACKAGES.has(i.specifier)))
        .map((i) => `${file} -> ${i.specifier}`),
    );
    expect(outside).toEqual([]);
  });

  it('the command line reaches workflows through the contract alone', () => {
    expect(
      refused('cli', (i) => inFolder(i, 'workflows') && !i.typeOnly && i.file !== 'workflows/contract.ts'),
    ).toEqual([]);
  });

  it('no module is part of a cycle', () => {
    expect(findCycle()).toEqual([]);
  });
});
