import { expect, test } from 'vitest';
import { createTableFilter } from '../../../src/filter/block-allow-list.js';
import { createEventFilter } from '../../../src/filter/event-filter.js';
import {
  eventsInLowerCase,
  filterInLowerCase,
  mappingInLowerCase,
  onlineTablesInLowerCase,
} from '../../../src/filter/lower-case.js';
import { createOnlineTables } from '../../../src/filter/online-tables.js';
import { createRouter, SAME_NAMES } from '../../../src/filter/router.js';

test('statements meet the rules, and the table, of their rows', () => {
  const filter = filterInLowerCase(createTableFilter({ doTables: [{ dbName: 'db', tblName: 't' }] }, true));
  expect([filter.matchesTable('DB', 'T'), filter.matchesTable('DB', 'U'), filter.matchesSchema('DB')]).toEqual([
    true,
    false,
    true,
  ]);
  expect(mappingInLowerCase(SAME_NAMES).target('DB', 'T')).toEqual({ schema: 'db', table: 't' });
  const routes = [{ name: 'r', schemaPattern: 'db', targetSchema: 'Other' }];
  const mapping = mappingInLowerCase(createRouter(routes, true));
  expect([mapping.target('Db', 'T'), mapping.targetSchema('DB')]).toEqual([{ schema: 'Other', table: 't' }, 'Other']);
  const rule = { name: 'r', schemaPattern: 'db', tablePattern: 't', sqlPattern: [], caseSensitive: true };
  const events = eventsInLowerCase(
    createEventFilter([{ ...rule, events: ['insert', 'drop table'], action: 'Ignore' }]),
  );
  expect(events.dropsRows('DB', 'T', 'insert')).toBe(true);
  expect(events.dropsStatement({ schema: 'DB', table: 'T', event: 'drop table', sql: 'DROP TABLE T' })).toBe(true);
  expect(events.dropsStatement({ schema: 'DB', event: 'drop database', sql: 'DROP DATABASE DB' })).toBe(false);
  const online = onlineTablesInLowerCase(
    createOnlineTables({ shadowTableRules: ['^_(.+)_gho$'], trashTableRules: ['^_(.+)_del$'] }),
  );
  expect(online.classify('_T_GHO')).toEqual({ kind: 'ghost', origin: 't' });
});
