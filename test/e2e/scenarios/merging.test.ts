/** Scenarios of the manual in which tables of several sources come together. One system, one test after the other. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Bed, eventually, rowsOf, run, wellDone } from './bed.js';

let bed: Bed;

beforeAll(async () => {
  bed = await Bed.start('mysql', 'mariadb', 'mysql');
  // As DM's workers: one source each.
  await bed.worker('dm-worker-1', '--max-sources', '1');
  await bed.worker('dm-worker-2', '--max-sources', '1');
});

describe('S3: several sources into one downstream, each with tables of its own', () => {
  const STORES = [
    ['store_bj', 'store_tj'],
    ['store_sh', 'store_sz'],
    ['store_gz', 'store_sz'],
  ] as const;
  const SOURCES = ['instance-1', 'instance-2', 'instance-3'] as const;

  const task = (blockAllowList: string, more = ''): string => `name: "one-tidb-slave"
task-mode: all
meta-schema: "dm_meta"

target-database:
${bed.target()}
mysql-instances:
-
  source-id: "instance-1"
  route-rules: ["instance-1-user-rule"]
  filter-rules: ["log-filter-rule", "user-filter-rule", "store-filter-rule"]
  block-allow-list: "log-ignored"
-
  source-id: "instance-2"
  route-rules: ["instance-2-user-rule", instance-2-store-rule]
  filter-rules: ["log-filter-rule", "user-filter-rule", "store-filter-rule"]
  block-allow-list: "log-ignored"
-
  source-id: "instance-3"
  route-rules: ["instance-3-user-rule", instance-3-store-rule]
  filter-rules: ["log-filter-rule", "user-filter-rule", "store-filter-rule"]
  block-allow-list: "log-ignored"
${more}
routes:
  instance-1-user-rule:
    schema-pattern: "user"
    target-schema: "user_north"
  instance-2-user-rule:
    schema-pattern: "user"
    target-schema: "user_east"
  instance-3-user-rule:
    schema-pattern: "user"
    target-schema: "user_south"
  instance-2-store-rule:
    schema-pattern: "store"
    table-pattern: "store_sz"
    target-schema: "store"
    target-table: "store_suzhou"
  instance-3-store-rule:
    schema-pattern: "store"
    table-pattern: "store_sz"
    target-schema: "store"
    target-table: "store_shenzhen"

filters:
  log-filter-rule:
    schema-pattern: "user"
    table-pattern: "log"
    events: ["truncate table", "drop table", "delete"]
    action: Ignore
  user-filter-rule:
    schema-pattern: "user"
    events: ["drop database"]
    action: Ignore
  store-filter-rule:
    schema-pattern: "store"
    events: ["drop database", "truncate table", "drop table", "delete"]
    action: Ignore
${blockAllowList}`;
  const LIST = 'block-allow-list:\n  log-ignored:\n    ignore-dbs: ["log"]\n';

  const allCaughtUp = async (): Promise<void> => {
    for (const [number, source] of SOURCES.entries()) await bed.caughtUp('one-tidb-slave', source, number);
  };

  it('S3-E1 to S3-E4: refuses files whose rules do not fit together, and a source without a worker', async () => {
    for (const [number, [first, second]] of STORES.entries()) {
      const n = number + 1;
      await run(
        bed.up(number),
        'CREATE DATABASE `user`',
        'CREATE TABLE `user`.`information` (`id` INT NOT NULL, `name` VARCHAR(64), PRIMARY KEY (`id`))',
        'CREATE TABLE `user`.`log` (`id` INT NOT NULL, `msg` VARCHAR(64), PRIMARY KEY (`id`))',
        `INSERT INTO \`user\`.\`information\` VALUES (1, 'i${n}-a'), (2, 'i${n}-b')`,
        `INSERT INTO \`user\`.\`log\` VALUES (1, 'l${n}-a'), (2, 'l${n}-b')`,
        'CREATE DATABASE `store`',
        `CREATE TABLE \`store\`.\`${first}\` (\`id\` INT NOT NULL, \`v\` VARCHAR(64), PRIMARY KEY (\`id\`))`,
        `CREATE TABLE \`store\`.\`${second}\` (\`id\` INT NOT NULL, \`v\` VARCHAR(64), PRIMARY KEY (\`id\`))`,
        `INSERT INTO \`store\`.\`${first}\` VALUES (1, 's${n}-1')`,
        `INSERT INTO \`store\`.\`${second}\` VALUES (1, 's${n}-2')`,
        'CREATE DATABASE `log`',
        'CREATE TABLE `log`.`messages` (`id` INT NOT NULL, PRIMARY KEY (`id`))',
        'INSERT INTO `log`.`messages` VALUES (1)',
      );
      await bed.createSource(SOURCES[number] ?? '', bed.up(number).address);
    }
    const refusal = async (text: string): Promise<string> => bed.refused('check-task', await bed.file('s3.yaml', text));
    expect(await refusal(task(''))).toContain('[code=20026:');
    const unused = 'filters:\n  nobody-asks:\n    schema-pattern: "x"\n    events: ["all"]\n    action: Do';
    expect(await refusal(task(LIST).replace('filters:', unused))).toContain('[code=20038:');
    expect(await refusal(task(LIST).replace('"instance-2"', '"instance-1"'))).toContain('[code=20014:');
    // S3-E4: two workers hold two sources.
    expect(await bed.refused('start-task', await bed.file('s3.yaml', task(LIST)))).toContain('[code=46009:');
  });

  it('copies each table to the place that the routes name', async () => {
    await bed.worker('dm-worker-3', '--max-sources', '1');
    await expect
      .poll(async () => (await bed.system.runDmctl('list-member', '--worker')).output, { timeout: 20_000 })
      .not.toContain('"free"');
    const started = await bed.system.dmctl('start-task', await bed.file('s3.yaml', task(LIST)));
    expect(started).toEqual({ result: true, msg: '', sources: SOURCES.map((source) => wellDone(source)) });
    expect(new Set(started.sources?.map((reply) => reply.worker)).size).toBe(3);
    for (const source of SOURCES) await bed.untilSyncing('one-tidb-slave', source);
    const read = (table: string): Promise<unknown[][]> => rowsOf(bed.down, `SELECT * FROM ${table} ORDER BY id`);
    for (const [number, schema] of ['user_north', 'user_east', 'user_south'].entries()) {
      expect(await read(`${schema}.information`)).toEqual([
        ['1', `i${number + 1}-a`],
        ['2', `i${number + 1}-b`],
      ]);
      expect(await read(`${schema}.log`)).toHaveLength(2);
    }
    const stores = { bj: 's1-1', tj: 's1-2', sh: 's2-1', suzhou: 's2-2', gz: 's3-1', shenzhen: 's3-2' };
    for (const [name, v] of Object.entries(stores)) expect(await read(`store.store_${name}`)).toEqual([['1', v]]);
    expect(await rowsOf(bed.down, 'SHOW TABLES IN store')).toHaveLength(6);
    expect(await rowsOf(bed.down, "SHOW DATABASES WHERE `Database` IN ('user', 'log')")).toEqual([]);
  });

  it('rows 1 to 9 and 11 to 15: follows changes, and never those that the filters name', async () => {
    await run(
      bed.up(0),
      'DELETE FROM user.log WHERE id = 1',
      "UPDATE user.log SET msg = 'z' WHERE id = 2",
      'TRUNCATE TABLE user.log',
      'DELETE FROM user.information WHERE id = 1',
      "UPDATE store.store_bj SET v = 'u' WHERE id = 1",
      'DELETE FROM store.store_bj WHERE id = 1',
      'TRUNCATE TABLE store.store_tj',
      'DROP TABLE store.store_bj',
      'CREATE TABLE store.store_new (id INT PRIMARY KEY)',
      'CREATE DATABASE IF NOT EXISTS store',
      'INSERT INTO log.messages VALUES (2)',
      'DROP DATABASE log',
    );
    await run(
      bed.up(1),
      'DROP TABLE user.log',
      'DROP DATABASE user',
      "INSERT INTO store.store_sz VALUES (2, 'x')",
      'CREATE DATABASE IF NOT EXISTS store',
    );
    await run(
      bed.up(2),
      'DROP TABLE user.information',
      'ALTER TABLE store.store_sz ADD COLUMN c INT',
      "INSERT INTO store.store_sz VALUES (3, 'y', 7)",
      'CREATE DATABASE IF NOT EXISTS store',
      'INSERT INTO log.messages VALUES (2)',
      'DROP DATABASE log',
    );
    await allCaughtUp();
    const expected: [string, (string | null)[][]][] = [
      [
        'SELECT * FROM user_north.log',
        [
          ['1', 'l1-a'],
          ['2', 'z'],
        ],
      ],
      ['SELECT * FROM user_north.information', [['2', 'i1-b']]],
      [
        'SELECT * FROM user_east.log',
        [
          ['1', 'l2-a'],
          ['2', 'l2-b'],
        ],
      ],
      [
        'SELECT * FROM user_east.information',
        [
          ['1', 'i2-a'],
          ['2', 'i2-b'],
        ],
      ],
      ['SHOW TABLES IN user_south', [['log']]],
      ['SELECT * FROM store.store_bj', [['1', 'u']]],
      ['SELECT * FROM store.store_tj', [['1', 's1-2']]],
      [
        'SELECT * FROM store.store_suzhou',
        [
          ['1', 's2-2'],
          ['2', 'x'],
        ],
      ],
      [
        'SELECT * FROM store.store_shenzhen',
        [
          ['1', 's3-2', null],
          ['3', 'y', '7'],
        ],
      ],
      ['SELECT * FROM store.store_new', []],
      ["SHOW DATABASES LIKE 'log'", []],
    ];
    for (const [sql, rows] of expected) expect(await rowsOf(bed.down, sql), sql).toEqual(rows);
  });

  it('rows 10 and 16: pauses at a row that a filter has kept downstream, and goes on in safe mode', async () => {
    await run(bed.up(0), "INSERT INTO store.store_tj VALUES (1, 'again')");
    const { code, text } = await bed.untilFailed('one-tidb-slave', 'instance-1');
    expect(code).toBe(10006);
    expect(text).toContain("Duplicate entry '1'");
    await bed.system.dmctl('stop-task', 'one-tidb-slave');
    const named = task(`${LIST}syncers:\n  safe:\n    safe-mode: true\n`).replace(
      'route-rules: ["instance-1-user-rule"]',
      'route-rules: ["instance-1-user-rule"]\n  syncer-config-name: "safe"',
    );
    await bed.system.dmctl('start-task', await bed.file('s3.yaml', named));
    await eventually(bed.down, 'SELECT * FROM store.store_tj', [['1', 'again']]);
    await run(bed.up(0), 'DROP DATABASE store');
    await allCaughtUp();
    expect(await rowsOf(bed.down, 'SELECT * FROM store.store_tj')).toEqual([['1', 'again']]);
    expect(await rowsOf(bed.down, 'SHOW TABLES IN store')).toHaveLength(7);
    await bed.system.dmctl('stop-task', 'one-tidb-slave');
    // Behind this the same servers are other sources.
    for (const [number, source] of SOURCES.entries()) {
      await bed.system.dmctl('operate-source', 'stop', '-s', source);
      await run(bed.up(number), ...['user', 'store', 'log'].map((name) => `DROP DATABASE IF EXISTS ${name}`));
    }
    await run(bed.down, 'DROP DATABASE store');
  });
});

describe('S4: shards into one table, without changes of their structure', () => {
  const SALES = [
    ['store_01', 'sale_01'],
    ['store_01', 'sale_02'],
    ['store_02', 'sale_01'],
    ['store_02', 'sale_02'],
  ] as const;
  const information = (key: string): string => `CREATE TABLE user.information (
    id bigint(20) NOT NULL AUTO_INCREMENT, uid bigint(20) DEFAULT NULL, name varchar(255) DEFAULT NULL,
    data varchar(255) DEFAULT NULL, ${key}, UNIQUE KEY uid (uid)) ENGINE=InnoDB DEFAULT CHARSET=latin1`;

  const task = (top: string, rules = '"store-route-rule", "sale-route-rule"', routes = ''): string =>
    `name: "shard_merge"
task-mode: all
meta-schema: "dm_meta"
${top}
target-database:
${bed.target()}
mysql-instances:
${['instance-1', 'instance-2']
  .map(
    (source) => `-
  source-id: "${source}"
  route-rules: [${rules}]
  filter-rules: ["store-filter-rule", "sale-filter-rule"]
  block-allow-list: "log-bak-ignored"
`,
  )
  .join('')}
routes:
  store-route-rule:
    schema-pattern: "store_*"
    target-schema: "store"
  sale-route-rule:
    schema-pattern: "store_*"
    table-pattern: "sale_*"
    target-schema: "store"
    target-table: "sale"
${routes}
filters:
  sale-filter-rule:
    schema-pattern: "store_*"
    table-pattern: "sale_*"
    events: ["truncate table", "drop table", "delete"]
    action: Ignore
  store-filter-rule:
    schema-pattern: "store_*"
    events: ["drop database"]
    action: Ignore
block-allow-list:
  log-bak-ignored:
    do-dbs: ["user", "store_*"]
    ignore-tables:
    - db-name: "user"
      tbl-name: "log_bak"
`;
  const IGNORING = 'ignore-checking-items: ["auto_increment_ID"]';
  const check = async (text: string): Promise<string> => bed.refused('check-task', await bed.file('s4.yaml', text));
  const users = 'SELECT id, uid, name FROM user.information ORDER BY uid, id';
  const sales = 'SELECT GROUP_CONCAT(sid ORDER BY sid) FROM store.sale';

  it('P1, P3, P4, P7, S4-E3: finds keys that collide, shards that differ and routes that contradict each other', async () => {
    for (const number of [0, 1]) {
      const n = number + 1;
      const letter = number === 0 ? 'a' : 'b';
      await run(
        bed.up(number),
        'CREATE DATABASE user',
        information('PRIMARY KEY (id)'),
        `INSERT INTO user.information VALUES (1,${n}01,'${letter}1','d'), (2,${n}02,'${letter}2','d')`,
        'CREATE TABLE user.log_bak (id INT PRIMARY KEY)',
        'CREATE DATABASE store_01',
        'CREATE DATABASE store_02',
      );
      for (const [index, [schema, table]] of SALES.entries()) {
        await run(
          bed.up(number),
          `CREATE TABLE ${schema}.${table} (sid bigint(20) NOT NULL, pid bigint(20) NOT NULL,
            comment varchar(255) DEFAULT NULL, PRIMARY KEY (sid), KEY pid (pid)) ENGINE=InnoDB DEFAULT CHARSET=latin1`,
          `INSERT INTO ${schema}.${table} VALUES (${number * 4 + index + 1}, 10, 'x')`,
        );
      }
      await bed.createSource(`instance-${n}`, bed.up(number).address);
    }
    expect(await check(task(''))).toMatch(/information.*auto-increment key/);
    await run(bed.up(1), 'ALTER TABLE store_02.sale_02 ADD COLUMN odd INT');
    expect(await check(task(IGNORING))).toMatch(/sale/);
    await run(bed.up(1), 'ALTER TABLE store_02.sale_02 DROP COLUMN odd');
    expect(await check(task('ignore-checking-items: ["auto_increment"]'))).toContain('[code=20001:');
    const twice = `  again:
    schema-pattern: "store_*"
    table-pattern: "sale_0*"
    target-schema: "store"
    target-table: "sale"
`;
    expect(await check(task(IGNORING, '"store-route-rule", "sale-route-rule", "again"', twice))).toMatch(/sale_0/);
  });

  it('S4-E1: pauses in the load when keys collide', async () => {
    await bed.system.dmctl('start-task', await bed.file('s4.yaml', task(IGNORING)));
    const failed = await Promise.race(
      ['instance-1', 'instance-2'].map((source) => bed.untilFailed('shard_merge', source)),
    );
    expect(failed.text).toMatch(/Duplicate entry '[12]' for key 'information.PRIMARY'/);
    await bed.system.dmctl('stop-task', 'shard_merge');
    await run(
      bed.down,
      'DROP DATABASE user',
      'DROP DATABASE IF EXISTS store',
      'CREATE DATABASE user',
      information('INDEX (id)'),
    );
  });

  it('P2, P6, rows 1 to 4 and 6 to 12: are loaded and followed by the keys of the downstream', async () => {
    await bed.system.dmctl('start-task', await bed.file('s4.yaml', task(IGNORING)), '--remove-meta');
    for (const source of ['instance-1', 'instance-2']) await bed.untilSyncing('shard_merge', source);
    await eventually(bed.down, users, [
      ['1', '101', 'a1'],
      ['2', '102', 'a2'],
      ['1', '201', 'b1'],
      ['2', '202', 'b2'],
    ]);
    await eventually(bed.down, sales, [['1,2,3,4,5,6,7,8']]);
    expect(await rowsOf(bed.down, "SHOW DATABASES LIKE 'store%'")).toEqual([['store']]);
    await run(
      bed.up(0),
      "UPDATE user.information SET name = 'a1x' WHERE id = 1",
      "INSERT INTO user.information VALUES (3, 103, 'a3', 'd')",
      'DELETE FROM store_01.sale_01 WHERE sid = 1',
      'TRUNCATE TABLE store_02.sale_02',
      'DROP TABLE store_01.sale_02',
      'CREATE TABLE store_01.sale_03 LIKE store_01.sale_01',
      "INSERT INTO store_01.sale_03 VALUES (9, 10, 'x')",
      'CREATE TABLE store_01.other (id INT PRIMARY KEY)',
      'INSERT INTO user.log_bak VALUES (1)',
      'UPDATE user.information SET uid = NULL WHERE id = 2',
      "UPDATE user.information SET name = 'n' WHERE id = 2",
      'DROP DATABASE store_02',
    );
    await run(
      bed.up(1),
      'DELETE FROM user.information WHERE id = 2',
      "INSERT INTO user.information VALUES (3, 203, 'b3', 'd')",
      "UPDATE store_01.sale_01 SET comment = 'u' WHERE sid = 5",
    );
    await eventually(bed.down, users, [
      ['2', null, 'n'],
      ['1', '101', 'a1x'],
      ['3', '103', 'a3'],
      ['1', '201', 'b1'],
      ['3', '203', 'b3'],
    ]);
    await eventually(bed.down, sales, [['1,2,3,4,5,6,7,8,9']]);
    await eventually(bed.down, 'SELECT comment FROM store.sale WHERE sid = 5', [['u']]);
    expect(await rowsOf(bed.down, 'SHOW TABLES IN store')).toEqual([['other'], ['sale']]);
    expect(await rowsOf(bed.down, 'SHOW TABLES IN user')).toEqual([['information']]);
  });

  it('survive the same change of structure in each of them', async () => {
    const shards = [
      [0, 'store_01.sale_01'],
      [0, 'store_01.sale_03'],
      ...SALES.map(([schema, table]) => [1, `${schema}.${table}`] as const),
    ] as const;
    for (const [number, table] of shards) await run(bed.up(number), `ALTER TABLE ${table} ADD COLUMN note INT NULL`);
    await run(bed.up(0), "INSERT INTO store_01.sale_03 VALUES (10, 10, 'x', 3)");
    await run(bed.up(1), "INSERT INTO store_02.sale_02 VALUES (11, 10, 'x', 4)");
    await eventually(bed.down, 'SELECT sid, note FROM store.sale WHERE sid > 9 ORDER BY sid', [
      ['10', '3'],
      ['11', '4'],
    ]);
    await bed.system.dmctl('stop-task', 'shard_merge');
  });
});
