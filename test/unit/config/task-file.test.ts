import { describe, expect, it } from 'vitest';
import { encryptPassword } from '../../../src/config/password.js';
import { readSourceFile } from '../../../src/config/source-file.js';
import { readTaskFile, resolveSubtasks, taskServerId } from '../../../src/config/task-file.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { SHORT_TASK_FILE, SOURCE_FILE, TASK_FILE } from './samples.js';

function source(sourceId: string, more: Partial<SourceConfig> = {}): SourceConfig {
  const { config } = readSourceFile(SOURCE_FILE.replace('mysql-replica-01', sourceId), 'source.yaml');
  return { ...config, flavor: 'mysql', serverId: 101, ...more };
}

function sources(...list: SourceConfig[]): Map<string, SourceConfig> {
  return new Map(list.map((config) => [config.sourceId, config]));
}

function resolveOne(text: string, more: Partial<SourceConfig> = {}) {
  return resolveSubtasks(readTaskFile(text, 'task.yaml'), sources(source('mysql-replica-01', more)))[0];
}

describe('a complete task file', () => {
  const [first, second] = resolveSubtasks(
    readTaskFile(TASK_FILE, 'task.yaml'),
    sources(source('mysql-replica-01'), source('mysql-replica-02', { flavor: 'mariadb', enableGtid: true })),
  );

  it('gives the first source everything it names', () => {
    expect(first).toMatchObject({
      task: 'test',
      taskMode: 'all',
      sourceId: 'mysql-replica-01',
      flavor: 'mysql',
      enableGtid: false,
      metaSchema: 'dm_meta',
      timezone: 'Asia/Shanghai',
      caseSensitive: true,
      cleanDumpFile: false,
      ignoreCheckingItems: ['version'],
      from: { host: '127.0.0.1', port: 3306, user: 'root', password: '' },
      to: {
        host: '192.168.0.1',
        port: 4000,
        user: 'root',
        password: 'secret',
        maxAllowedPacket: 67_108_864,
        session: { sql_mode: 'ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE', tidb_skip_utf8_check: '1' },
      },
      dump: { threads: 6, chunkFilesize: 32 * 2 ** 20, statementSize: 1_000_000, where: 'id > 5', consistency: 'none' },
      load: { poolSize: 8, dir: './dumped_data.test' },
      sync: {
        workerCount: 12,
        batch: 200,
        safeMode: true,
        compact: true,
        multipleRows: true,
        queueSize: 2048,
        checkpointFlushIntervalMs: 10_000,
      },
      blockAllowList: {
        doDbs: ['~^test.*', 'user'],
        ignoreDbs: ['mysql', 'account'],
        doTables: [
          { dbName: '~^test.*', tblName: '~^t.*' },
          { dbName: 'user', tblName: 'information' },
        ],
      },
    });
    expect(first.meta).toBeUndefined();
  });

  it('gives the second the defaults and its own shortcuts, not the definitions it does not name', () => {
    expect(second).toMatchObject({
      flavor: 'mariadb',
      enableGtid: true,
      dump: { threads: 5, chunkFilesize: 64 * 2 ** 20, consistency: 'auto' },
      load: { poolSize: 17 },
      sync: { workerCount: 18, batch: 100, safeMode: false, compact: true, checkpointFlushIntervalMs: 30_000 },
    });
    expect(second.blockAllowList).toBeUndefined();
    expect(second.dump.rows).toBeUndefined();
    expect(second.dump.where).toBeUndefined();
  });

  it('warns of instances that pass over what is defined', () => {
    expect(readTaskFile(TASK_FILE, 'task.yaml').warnings).toEqual([
      '`block-allow-list.bw-rule-1.ignore-dbs` has no effect beside `do-dbs`',
      '`mysql-instances[1]` names no `mydumper-config-name`: it gets the defaults, not `mydumpers`',
      '`mysql-instances[1]` names no `loader-config-name`: it gets the defaults, not `loaders`',
      '`mysql-instances[1]` names no `syncer-config-name`: it gets the defaults, not `syncers`',
    ]);
  });
});

describe('defaults', () => {
  it('fills a short file in', () => {
    expect(resolveOne(SHORT_TASK_FILE)).toMatchObject({
      metaSchema: 'dm_meta',
      timezone: '',
      caseSensitive: false,
      cleanDumpFile: true,
      ignoreCheckingItems: [],
      dump: { threads: 4, chunkFilesize: 67_108_864, statementSize: 1_000_000, consistency: 'auto' },
      load: { poolSize: 16, dir: './dumped_data.test' },
      sync: { workerCount: 16, batch: 100, safeMode: false, compact: true, multipleRows: true, queueSize: 1024 },
    });
  });

  it('takes 0 for not set', () => {
    const text = `${SHORT_TASK_FILE}    mydumper: {threads: 0, statement-size: 0, rows: 0}
    loader: {pool-size: 0}
    syncer: {worker-count: 0, batch: 0, queue-size: 0, checkpoint-flush-interval: 0}
`;
    expect(resolveOne(text)).toMatchObject({
      dump: { threads: 4, statementSize: 1_000_000 },
      load: { poolSize: 16 },
      sync: { workerCount: 16, batch: 100, queueSize: 1024, checkpointFlushIntervalMs: 30_000 },
    });
  });

  it('takes case-sensitive from the source when the task does not say', () => {
    expect(resolveOne(SHORT_TASK_FILE, { caseSensitive: true }).caseSensitive).toBe(true);
    expect(resolveOne(`case-sensitive: false\n${SHORT_TASK_FILE}`, { caseSensitive: true }).caseSensitive).toBe(false);
  });
});

describe('values as people write them', () => {
  it.each([
    ['password: 0123', '0123'],
    ['password: 1e3', '1e3'],
    ['password: true', 'true'],
    ['password: 0x1F', '0x1F'],
    ['password: "a#b"', 'a#b'],
    ['password:', ''],
  ])('%s', (line, expected) => {
    expect(resolveOne(SHORT_TASK_FILE.replace('user: root', `user: root\n  ${line}`)).to.password).toBe(expected);
  });

  it('decrypts passwords', () => {
    const line = `password: ${encryptPassword('päss "word"')}`;
    expect(resolveOne(SHORT_TASK_FILE.replace('user: root', `user: root\n  ${line}`)).to.password).toBe('päss "word"');
  });

  it.each(['yes', 'on', 'True', 'y'])('takes %s for true, as YAML 1.1 does', (word) => {
    expect(resolveOne(`case-sensitive: ${word}\n${SHORT_TASK_FILE}`).caseSensitive).toBe(true);
  });

  it('follows anchors and merge keys', () => {
    const text = `name: test
task-mode: full
target-database: {host: h, port: 1, user: u}
mydumpers:
  base: &base {threads: 3, rows: 7}
  more: {<<: *base, threads: 9}
mysql-instances:
  - source-id: mysql-replica-01
    mydumper-config-name: more
  - source-id: two
    mydumper-config-name: base
`;
    const definition = readTaskFile(text, 'task.yaml');
    const [more, base] = resolveSubtasks(definition, sources(source('mysql-replica-01'), source('two')));
    expect([more.dump.threads, more.dump.rows]).toEqual([9, 7]);
    expect([base.dump.threads, base.dump.rows]).toEqual([3, 7]);
  });

  it('reads TLS files on this side and sends their content', () => {
    const text = SHORT_TASK_FILE.replace(
      'user: root',
      'user: root\n  security:\n    ssl-ca: /ca.pem\n    ssl-cert: /cert.pem\n    ssl-key: /key.pem\n    cert-allowed-cn: [tidb]',
    );
    const definition = readTaskFile(text, 'task.yaml', { readFile: (path) => `-----BEGIN ${path}` });
    expect(definition.target.security).toEqual({
      sslCa: '-----BEGIN /ca.pem',
      sslCert: '-----BEGIN /cert.pem',
      sslKey: '-----BEGIN /key.pem',
      certAllowedCn: ['tidb'],
    });
  });
});

describe('extra-args', () => {
  it('win over the keys, and mydumper-thread over both', () => {
    const dump = `    mydumper:
      threads: 1
      rows: 2
      where: "a = 1"
      extra-args: "-t 8 -r=100 -F 16MiB -s 2000 --where 'b > 2' --no-locks"
`;
    expect(resolveOne(`${SHORT_TASK_FILE}${dump}`).dump).toEqual({
      threads: 8,
      rows: 100,
      chunkFilesize: 16 * 2 ** 20,
      statementSize: 2000,
      where: 'b > 2',
      consistency: 'none',
    });
    expect(resolveOne(`${SHORT_TASK_FILE}${dump}    mydumper-thread: 2\n`).dump.threads).toBe(2);
  });
});

describe('start position', () => {
  const incremental = SHORT_TASK_FILE.replace('task-mode: all', 'task-mode: incremental');

  it('is in effect in incremental mode', () => {
    const text = `${incremental}    meta: {binlog-name: mysql-bin.000123, binlog-pos: 0}\n`;
    expect(resolveOne(text).meta).toEqual({ binlogName: 'mysql-bin.000123', binlogPos: 4 });
    const gtid = `${incremental}    meta: {binlog-gtid: "0-1-5"}\n`;
    expect(resolveOne(gtid, { enableGtid: true }).meta).toEqual({ binlogGtid: '0-1-5' });
  });

  it('has none in other modes, and says so', () => {
    const definition = readTaskFile(`${SHORT_TASK_FILE}    meta: {binlog-name: mysql-bin.000123}\n`, 'task.yaml');
    expect(resolveSubtasks(definition, sources(source('mysql-replica-01')))[0].meta).toBeUndefined();
    expect(definition.warnings).toEqual(['`mysql-instances[0].meta` has no effect with `task-mode: all`']);
  });

  it('must suit the source', () => {
    const text = `${incremental}    meta: {binlog-name: mysql-bin.000123}\n`;
    expect(() => resolveOne(text, { enableGtid: true })).toThrow(
      'task.yaml, line 9, column 5, key "mysql-instances[0].meta": must specify `binlog-name` without GTID',
    );
  });
});

describe('deprecated keys', () => {
  it.each([
    [`remove-meta: true`, '`remove-meta` in task config is deprecated'],
    [`enable-heartbeat: true`, '`enable-heartbeat` is deprecated'],
    [`heartbeat-update-interval: 1`, '`heartbeat-update-interval` is deprecated'],
    [`ansi-quotes: true`, '`ansi-quotes` is deprecated'],
  ])('%s is accepted with a remark', (line, remark) => {
    expect(readTaskFile(`${line}\n${SHORT_TASK_FILE}`, 'task.yaml').warnings.join()).toContain(remark);
  });

  it('black-white-list stands for block-allow-list', () => {
    const text = `black-white-list: {old: {do-dbs: [a]}}\n${SHORT_TASK_FILE}    black-white-list: old\n`;
    expect(resolveOne(text).blockAllowList).toEqual({ doDbs: ['a'] });
  });
});

describe('sources', () => {
  it('must be registered', () => {
    const definition = readTaskFile(SHORT_TASK_FILE, 'task.yaml');
    let error: unknown;
    try {
      resolveSubtasks(definition, new Map(), ['other']);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({
      code: 20031,
      message:
        'task.yaml, line 8, column 5, key "mysql-instances[0].source-id": source mysql-replica-01 in deployment configuration not found',
    });
    expect(String(error)).toContain('Registered sources: other.');
  });

  it('give each task a replica id of its own, unless the user chose one', () => {
    const id = taskServerId(101, 'test');
    expect(resolveOne(SHORT_TASK_FILE).serverId).toBe(id);
    expect(taskServerId(101, 'other')).not.toBe(id);
    expect(taskServerId(102, 'test')).not.toBe(id);
    expect(resolveOne(SHORT_TASK_FILE, { serverIdGiven: true }).serverId).toBe(101);
    for (let n = 0; n < 2000; n++) {
      const some = taskServerId(n, `t${n}`);
      expect(some).toBeGreaterThan(0);
      expect(some).toBeLessThan(2 ** 32);
    }
  });
});
