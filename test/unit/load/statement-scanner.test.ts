import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LargeStatementLock, StatementReader, statementText } from '../../../src/load/statement-reader.js';
import { StatementScanner } from '../../../src/load/statement-scanner.js';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dm-statements-'));
});
afterAll(() => rm(dir, { recursive: true }));

const inside = fc.string({
  unit: fc.constantFrom(';', 'a', '\n', ' ', '--', '/*', '*/', '#', '漢', '\0'),
  maxLength: 12,
});
const token = fc.oneof(
  fc.constantFrom('INSERT', ' ', '\n', '(', ',', '1-2', '5/3', '0x3b', 'NULL', "''", 'a--1', '/', '-'),
  inside.map((text) => `'${text.replaceAll("'", "\\'")}'`),
  inside.map((text) => `"${text}\\\\\\"${text}"`),
  inside.map((text) => `'it''s;${text}'`),
  inside.map((text) => `\`${text}\`\`;\``),
  inside.map((text) => `/* ${text.replaceAll('/', '')} ; ' */`),
  inside.map((text) => `-- ${text.replaceAll('\n', '')} ; '\n`),
  inside.map((text) => `# ${text.replaceAll('\n', '')} ; "\n`),
);
const statement = fc.array(token, { maxLength: 12 }).map((tokens) => `SELECT ${tokens.join(' ')} x`);

function splitInPieces(text: Buffer, cuts: number[]): string[] {
  const scanner = new StatementScanner();
  const statements: string[] = [];
  let current: Buffer[] = [];
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  for (let index = 1; index < edges.length; index++) {
    const piece = text.subarray(edges[index - 1], edges[index]);
    let at = 0;
    for (;;) {
      const found = scanner.scan(piece, at, piece.length);
      if (found === -1) break;
      statements.push(Buffer.concat([...current, piece.subarray(at, found)]).toString());
      current = [];
      scanner.reset();
      at = found + 1;
    }
    current.push(piece.subarray(at));
  }
  return statements;
}

test('semicolons in strings, names and comments end nothing, wherever the input is cut', () => {
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (statements, cuts) => {
      const text = Buffer.from(statements.map((each) => `${each};`).join(''));
      expect(splitInPieces(text, cuts)).toEqual(statements);
    }),
    { numRuns: 500 },
  );
});

test('a reader gives each statement with the place behind it, and goes on from any such place', async () => {
  const path = join(dir, 'resume.sql');
  await fc.assert(
    fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 6 }), async (statements) => {
      await writeFile(path, statements.map((each) => `${each};\n`).join(''));
      const ends = await readAll(path, 0);
      expect(ends.map(([text]) => text)).toEqual(statements.map((each) => each.trim()));
      for (const [index, [, end]] of ends.entries()) {
        const rest = await readAll(path, end);
        expect(rest).toEqual(ends.slice(index + 1));
      }
    }),
    { numRuns: 50 },
  );
});

async function readAll(path: string, offset: number): Promise<[string, number][]> {
  const reader = await StatementReader.open(path, offset, new LargeStatementLock());
  const found: [string, number][] = [];
  try {
    for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
      found.push([statementText(next), next.end]);
    }
  } finally {
    await reader.close();
  }
  return found;
}

test('plain comments and blanks are no statements, versioned comments are', async () => {
  const path = join(dir, 'comments.sql');
  await writeFile(
    path,
    "-- dumped; by\n;;\n/* nothing; */;\n/*!40101 SET NAMES utf8mb4*/;\nINSERT INTO t VALUES ('a;\\'');\n-- end\n",
  );
  const texts = (await readAll(path, 0)).map(([text]) => text);
  expect(texts).toEqual(['/*!40101 SET NAMES utf8mb4*/', "INSERT INTO t VALUES ('a;\\'')"]);
});

test('the last statement needs no semicolon, but a file cut inside a string is an error', async () => {
  const path = join(dir, 'end.sql');
  await writeFile(path, 'SELECT 1;\nSELECT 2');
  expect((await readAll(path, 0)).map(([text]) => text)).toEqual(['SELECT 1', 'SELECT 2']);
  await writeFile(path, "SELECT 1;\nSELECT 'cut");
  await expect(readAll(path, 0)).rejects.toMatchObject({ code: 34002 });
});

test('the last place of a file with a line end behind its last statement is the end of the file', async () => {
  const path = join(dir, 'last.sql');
  await writeFile(path, 'SELECT 1;\r\nSELECT 2;\n');
  expect((await readAll(path, 0)).at(-1)?.[1]).toBe(21);
});

test('long statements are held one at a time, and long ones are complete', async () => {
  const path = join(dir, 'long.sql');
  const long = 'x;'.repeat(5 * 1024 * 1024);
  await writeFile(path, `INSERT INTO t VALUES ('${long}');\nSELECT 1;\n`);
  const lock = new LargeStatementLock();
  const [first, second] = await Promise.all([StatementReader.open(path, 0, lock), StatementReader.open(path, 0, lock)]);
  const held = await first.next();
  expect(held?.length).toBe(long.length + 25);
  let secondHasIt = false;
  const waiting = second.next().then((got) => {
    secondHasIt = true;
    return got;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(secondHasIt).toBe(false);
  expect(statementText((await first.next())!)).toBe('SELECT 1');
  expect((await waiting)?.length).toBe(long.length + 25);
  await first.close();
  await second.close();
});
