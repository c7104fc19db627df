/** The tracker with the real checkpoint: what operating on stored structures comes down to. */
import { beforeEach, expect, test } from 'vitest';
import { acquireFence } from '../../../src/meta/fence.js';
import { createMetaTables, metaTables } from '../../../src/meta/tables.js';
import type { DbConnection } from '../../../src/mysql/connect.js';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import { parseCreateTable } from '../../../src/schema/parse-create.js';
import { SchemaTracker } from '../../../src/schema/tracker.js';
import { CheckpointStore } from '../../../src/sync/checkpoint/checkpoint.js';
import { connectTo, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';

const profile = defaultProfile('mysql', '8.0.36');
const place = { name: 'bin.000003', pos: 1234, gtidSet: '' };
const columns = (table: { columns: { name: string }[] } | null | undefined) => table?.columns.map(({ name }) => name);
const structure = (sql: string) => parseCreateTable(sql, profile, { schema: 'db' });

let down: DbConnection;
let open: (source: string) => Promise<{ tracker: SchemaTracker; store: CheckpointStore; flush: () => Promise<void> }>;

beforeEach(async () => {
  const { mysqlDown } = testServers();
  const meta = uniqueName('e_meta');
  dropAtEnd(mysqlDown, meta);
  down = await connectTo(mysqlDown);
  const tables = metaTables(meta, 'task');
  await createMetaTables(down, tables);
  open = async (sourceId) => {
    const fence = await acquireFence(down, { tables, sourceId, slots: 1, owner: 'test' });
    const connection = await connectTo(mysqlDown);
    const store = new CheckpointStore(tables, sourceId, fence, async () => ({
      // A flush is several statements in one request.
      query: async (sql) => {
        let last: [unknown, unknown] = [undefined, undefined];
        for (const one of sql.split(';\n')) last = await connection.query(one);
        return last;
      },
    }));
    const tracker = new SchemaTracker({ profile, store });
    const flush = async (): Promise<void> => {
      const pending = tracker.pending();
      const state = { location: place, seq: 1, appliedSeq: 1, safeModeExit: undefined, filter: '', ddlDone: false };
      const rest = { droppedSchemas: [], obsolete: new Map<number, number>(), dropOldEpochs: false };
      await store.flush({ ...state, ...rest, online: [], xa: [] }, pending);
      tracker.flushed(pending);
    };
    return { tracker, store, flush };
  };
});

test('SCH-05: a structure is set for a table of which the checkpoint knows nothing, and is there after a restart', async () => {
  const { tracker, flush } = await open('source-1');
  expect(await tracker.get('db', 't')).toBeUndefined();
  tracker.put(structure('CREATE TABLE t (a INT, `b``c` VARCHAR(5) DEFAULT "\'")'));
  await flush();
  const again = await open('source-1');
  expect(await again.tracker.get('db', 't')).toEqual(
    structure('CREATE TABLE t (a INT, `b``c` VARCHAR(5) DEFAULT "\'")'),
  );
});

test('SCH-06: setting and forgetting a structure is about one source alone', async () => {
  const [first, second, third] = [await open('source-1'), await open('source-2'), await open('source-3')];
  for (const { tracker, flush } of [first, second]) {
    tracker.put(structure('CREATE TABLE t (a INT)'));
    await flush();
  }
  first.tracker.put(structure('CREATE TABLE t (a INT, b INT)'));
  await first.flush();
  expect(columns(await (await open('source-1')).tracker.get('db', 't'))).toEqual(['a', 'b']);
  expect(columns(await (await open('source-2')).tracker.get('db', 't'))).toEqual(['a']);
  expect(await third.tracker.get('db', 't')).toBeUndefined();
  second.tracker.put(structure('CREATE TABLE t (only_of_the_second INT)'));
  second.tracker.forget('db', 't');
  expect(columns(await second.tracker.get('db', 't'))).toEqual(['a']);
});

test('CKP-07: after a rollback only what changed is read again', async () => {
  const { tracker, store, flush } = await open('source-1');
  for (let number = 0; number < 300; number++) {
    tracker.put({ ...structure('CREATE TABLE t (a INT)'), name: `t${number}` });
  }
  await flush();
  for (const name of ['t1', 't2', 't3']) tracker.put({ ...structure('CREATE TABLE t (a INT, b INT)'), name });
  const load = store.load.bind(store);
  const asked: string[] = [];
  store.load = (schema, name) => {
    asked.push(name);
    return load(schema, name);
  };
  tracker.rollback();
  for (let number = 0; number < 300; number++) expect(columns(await tracker.get('db', `t${number}`))).toEqual(['a']);
  expect(asked).toEqual(['t1', 't2', 't3']);
});
