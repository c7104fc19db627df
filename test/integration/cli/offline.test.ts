import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { runDmctl } from '../../../tools/product/processes.js';

/** Nobody listens there. */
const ENV = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const PASSWORD = 'never-shown';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dm-offline-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

test('the template of a task and the sample of a source are good files, checked without any server', async () => {
  const template = await runDmctl(['get-task-template'], ENV);
  const sample = await runDmctl(['operate-source', '--print-sample-config'], ENV);
  expect([template.code, sample.code]).toEqual([0, 0]);
  const task = await file('task.yaml', template.output.replace('password: ""', `password: "${PASSWORD}"`));
  const source = await file('source.yaml', sample.output.replace('password: ""', `password: "${PASSWORD}"`));
  const { code, output, errors } = await runDmctl(['check-config', task, '--source-file', source], ENV);
  expect([code, errors]).toEqual([0, '']);
  expect(parseAllDocuments(output)).toHaveLength(1);
  expect(parse(output)).toMatchObject({
    'source-id': 'mysql-replica-01',
    from: { host: '127.0.0.1', password: '******' },
    'target-database': { port: 4000, password: '******' },
    'online-ddl': false,
  });
  expect(output).not.toContain(PASSWORD);
});

test('a bad file ends with exit code 1, its place, and nothing on standard output', async () => {
  const task = await file(
    'bad.yaml',
    `name: t
task-mode: all
target-database: {host: h, port: 1, user: u, password: ${PASSWORD}}
mysql-instances:
  - source-id: s
    filter-rules: [f]
filters:
  f:
    schema-pattern: "a"
    events: ["drop tabel"]
    action: Ignore
`,
  );
  const { code, output, errors } = await runDmctl(['check-config', task], ENV);
  expect([code, output]).toEqual([1, '']);
  expect(errors).toMatch(
    /^Error: \[code=20037:class=config:.*bad\.yaml, line 10, column 14, key "filters\.f\.events\[0\]"/,
  );
  expect(errors).toContain('did you mean "drop table"?');
  expect(errors).not.toContain(PASSWORD);
});
