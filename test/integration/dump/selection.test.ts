import { readdir } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import { connectTo, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { copy, dataDirectory, runAll, subtask, unitContext } from './support.js';

const TABLES = [
  'orders',
  'Orders_2018',
  'orders_2019',
  '_orders_gho',
  '_orders_ghc',
  '_orders_old',
  '_orders_new',
  'x_new',
];
let prefix = '';

beforeAll(async () => {
  const { mysqlUp } = testServers();
  prefix = uniqueName('p_sel');
  const up = await connectTo(mysqlUp);
  for (const schema of ['shop', 'Shop_bak', 'log']) {
    const name = `${prefix}_${schema}`;
    dropAtEnd(mysqlUp, name);
    await runAll(up, [`CREATE DATABASE \`${name}\``, `USE \`${name}\``]);
    for (const table of TABLES) {
      await runAll(up, [`CREATE TABLE \`${table}\` (id INT PRIMARY KEY)`, `INSERT INTO \`${table}\` VALUES (1)`]);
    }
  }
});

/** `schema.table` of the tables in a dump, without the prefix, and the databases it makes. */
async function dumped(changes: Partial<SubtaskConfig>): Promise<{ tables: string[]; databases: string[] }> {
  const { mysqlUp, mysqlDown } = testServers();
  const base = subtask(mysqlUp, mysqlDown, []);
  const config = { ...base, caseSensitive: false, ...changes };
  const dataDir = await dataDirectory();
  expect(await runDump(config, unitContext(), { dataDir })).toMatchObject({ finished: true });
  const files = (await readdir(dumpDirectory(config, dataDir))).map((name) => name.replace(`${prefix}_`, ''));
  const rows = files.filter((name) => /\.\d+\.sql$/.test(name)).map((name) => name.replace(/\.\d+\.sql$/, ''));
  const tables = files.filter((name) => name.endsWith('-schema.sql')).map((name) => name.replace(/-schema\.sql$/, ''));
  expect(rows.sort()).toEqual(tables.sort());
  const databases = files.filter((name) => name.endsWith('-schema-create.sql'));
  return { tables, databases: databases.map((name) => name.replace('-schema-create.sql', '')).sort() };
}

const ONLINE = {
  shadowTableRules: ['^_(.+)_(?:new|gho)$'],
  trashTableRules: ['^_(.+)_(?:ghc|del|old)$'],
};

test('lists with regular expressions select, whatever their case; ghost and trash tables are left out', async () => {
  const lists = {
    doDbs: [`~^${prefix}_(?i:SHOP)(_bak)?$`],
    ignoreTables: [{ dbName: '~_bak$', tblName: '~_\\d{4}$' }],
  };
  expect(await dumped({ blockAllowList: lists, onlineDdl: ONLINE })).toEqual({
    databases: ['Shop_bak', 'shop'],
    tables: ['Shop_bak.orders', 'Shop_bak.x_new', 'shop.Orders_2018', 'shop.orders', 'shop.orders_2019', 'shop.x_new'],
  });
  const { tables } = await dumped({ blockAllowList: { doDbs: [`${prefix}_SHOP`] } });
  expect(tables).toEqual(TABLES.map((table) => `shop.${table}`).sort());
});

test('with case-sensitive, names count as they are written', async () => {
  const doTables = [
    { dbName: `${prefix}_*`, tblName: 'orders_20[0-9]?' },
    { dbName: `~^${prefix}_shop`, tblName: 'Orders*' },
  ];
  expect(await dumped({ blockAllowList: { doTables }, caseSensitive: true })).toEqual({
    databases: ['Shop_bak', 'log', 'shop'],
    tables: ['Shop_bak.orders_2019', 'log.orders_2019', 'shop.Orders_2018', 'shop.orders_2019'],
  });
});

test('--tables-list and --filter take the place of the list, --database leaves only its databases', async () => {
  const lists = { blockAllowList: { doDbs: [`${prefix}_log`] } };
  const { dump } = subtask(testServers().mysqlUp, testServers().mysqlDown, []);
  const [shop, log] = [`${prefix}_shop`, `${prefix}_log`];
  expect(await dumped({ ...lists, dump: { ...dump, tables: [{ schema: shop, table: 'orders' }] } })).toEqual({
    databases: ['shop'],
    tables: ['shop.orders'],
  });
  const tableFilter = [`${prefix}_*.orders*`, `!${log}.*`, `${log}./^x_/`];
  expect((await dumped({ ...lists, dump: { ...dump, tableFilter } })).tables).toEqual([
    'Shop_bak.Orders_2018',
    'Shop_bak.orders',
    'Shop_bak.orders_2019',
    'log.x_new',
    'shop.Orders_2018',
    'shop.orders',
    'shop.orders_2019',
  ]);
  const both = { blockAllowList: { doDbs: [shop, log], doTables: [{ dbName: '*', tblName: 'orders' }] } };
  expect((await dumped({ ...both, dump: { ...dump, databases: [log] } })).tables).toEqual(['log.orders']);
});

test('--database with a name that is not there is an error', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const config = subtask(mysqlUp, mysqlDown, []);
  config.dump.databases = [`${prefix}_shop`, `${prefix}_nowhere`];
  await expect(copy(config, await dataDirectory())).rejects.toMatchObject({
    code: 32001,
    message: expect.stringContaining(`Unknown databases [${prefix}_nowhere]`),
  });
});
