import { describe, expect, it } from 'vitest';
import { renderSource } from '../../../src/config/render.js';
import { ENABLE_RELAY_DEPRECATED, readSourceFile, SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { SOURCE_FILE } from './samples.js';

function errorOf(text: string): DmError {
  try {
    readSourceFile(text, 'source.yaml');
  } catch (error) {
    if (error instanceof DmError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('a source file', () => {
  it('gets its defaults; flavor and server id stay open', () => {
    expect(readSourceFile(SOURCE_FILE, 'source.yaml')).toMatchObject({
      config: {
        sourceId: 'mysql-replica-01',
        enableGtid: false,
        from: { host: '127.0.0.1', port: 3306, user: 'root', password: '' },
        caseSensitive: false,
        checker: {
          checkEnable: true,
          backoffRollbackMs: 300_000,
          backoffMaxMs: 300_000,
          backoffMinMs: 1000,
          backoffFactor: 2,
          backoffJitter: true,
          checkIntervalMs: 5000,
        },
      },
      warnings: [],
    });
    expect(readSourceFile(SOURCE_FILE, 'source.yaml').config).not.toHaveProperty('flavor');
  });

  it('takes everything that may be given', () => {
    const text = `${SOURCE_FILE}  password: pw
enable-gtid: true
flavor: mariadb
server-id: 101
case-sensitive: true
checker:
  check-enable: false
  backoff-rollback: 1h2m3s
  backoff-max: 90s
  backoff-min: 500ms
  backoff-factor: 1.5
  backoff-jitter: false
  check-interval: 2s
enable-relay: false
relay-binlog-name: ""
relay-dir: ./relay
purge: {interval: 60, expires: 1, remain-space: 5}
filters: []
`;
    const { config, warnings } = readSourceFile(text, 'source.yaml');
    expect(config).toMatchObject({
      enableGtid: true,
      flavor: 'mariadb',
      serverId: 101,
      serverIdGiven: true,
      caseSensitive: true,
      checker: {
        checkEnable: false,
        backoffRollbackMs: 3_723_000,
        backoffMaxMs: 90_000,
        backoffMinMs: 500,
        backoffFactor: 1.5,
        backoffJitter: false,
        checkIntervalMs: 2000,
      },
    });
    expect(warnings).toEqual([
      '`relay-dir` has no effect while the source keeps no relay log',
      '`purge` has no effect while the source keeps no relay log',
    ]);
  });

  it('is what the printed sample is', () => {
    expect(readSourceFile(SAMPLE_SOURCE_FILE, 'sample').warnings).toEqual([]);
    const uncommented = SAMPLE_SOURCE_FILE.replaceAll(/^( *)# (?=(checker|case-sens|  check|  backoff))/gm, '$1');
    expect(readSourceFile(uncommented, 'sample').config.checker.backoffMaxMs).toBe(300_000);
  });

  it('is printed again with its password masked', () => {
    const { config } = readSourceFile(SOURCE_FILE.replace('user: root', 'user: root\n  password: hunter2'), 's');
    const text = renderSource({ ...config, flavor: 'mysql', serverId: 5 });
    expect(text).not.toContain('hunter2');
    expect(text).toContain('password: "******"');
    expect(text).toMatch(/^enable-gtid: false\nflavor: mysql\nsource-id: mysql-replica-01\nfrom:\n/);
    expect(text).toContain('backoff-max: 5m0s');
    // An id that was chosen for it would be taken for the user's, were the text used as a file.
    expect(text).not.toContain('server-id');
    const given = renderSource({ ...config, flavor: 'mysql', serverId: 5, serverIdGiven: true });
    expect(readSourceFile(given, 's').config).toMatchObject({ flavor: 'mysql', serverId: 5 });
  });
});

it('event filters of a source are printed and read again', () => {
  const text = `${SOURCE_FILE}case-sensitive: true
filters:
- {schema-pattern: "a_*", table-pattern: "b?", events: [All DML], action: Do}
- {schema-pattern: c, sql-pattern: ["^DROP"], action: Ignore}
`;
  const { config } = readSourceFile(text, 's');
  expect(config.filters).toHaveLength(2);
  const printed = renderSource({ ...config, flavor: 'mysql', serverId: 5 });
  expect(readSourceFile(printed, 's').config).toMatchObject({ filters: config.filters, caseSensitive: true });
});

describe('wrong source files', () => {
  it.each([
    ['source-id: mysql-replica-01', 'source-id: ""', 20005, 1, 'empty source-id'],
    ['source-id: mysql-replica-01\n', '', 20005, 1, 'empty source-id'],
    ['mysql-replica-01', 'x'.repeat(33), 20006, 1, 'too long source-id'],
    ['from:', 'form:', 20003, 2, 'did you mean "from"?'],
    ['  host: 127.0.0.1\n', '', 20003, 2, 'key "from.host": a value is required'],
    ['port: 3306', 'port: abc', 20003, 4, 'expected a number'],
    ['user: root', 'user: root\nflavor: oracle', 11010, 6, 'flavor oracle not supported'],
    ['user: root', 'user: root\nserver-id: 0', 20003, 6, 'must not be less than 1'],
    ['user: root', 'user: root\nserver-id: 4294967296', 20003, 6, 'must not be more than 4294967295'],
    ['user: root', 'user: root\nchecker: {backoff-max: 5}', 11103, 6, 'backoff-max value 5'],
    ['user: root', 'user: root\nchecker: {backoff-max: 500ms}', 11103, 6, 'backoff-max value 500ms'],
    [
      'user: root',
      'user: root\nchecker: {backoff-max: 2s, backoff-min: 3s}',
      20043,
      6,
      '2s is less than `backoff-min`',
    ],
    ['user: root', 'user: root\nchecker: {backoff-min: 10m}', 20043, 6, '`backoff-max` value 5m0s is less'],
    ['user: root', 'user: root\nchecker: {backoff-factor: 1}', 11103, 6, 'backoff-factor value 1'],
    ['user: root', 'user: root\nchecker: {backoff-rolback: 1m}', 20003, 6, 'did you mean "backoff-rollback"?'],
    ['user: root', 'user: root\nenable-relay: true', 20003, 6, ENABLE_RELAY_DEPRECATED],
    [
      'user: root',
      'user: root\nfilters: [{action: Do}]',
      20037,
      6,
      'filters[0].schema-pattern": generate binlog event',
    ],
    ['user: root', 'user: root\nfilters:\n- {schema-pattern: "*"}', 20037, 7, 'filters[0].action": generate'],
    [
      'user: root',
      'user: root\nfilters:\n- {schema-pattern: a, action: Do}\n- schema-pattern: b*\n  events: [drop]\n  action: Ignore',
      20037,
      9,
      'filters[1].events[0]": generate',
    ],
    ['user: root', 'user: root\nfilters: [{actions: Do}]', 20003, 6, 'did you mean "action"?'],
    ['user: root', 'user: root\npurge: {interval: 1h}', 20003, 6, 'purge.interval": expected a number'],
    ['user: root', 'user: root\nenable-gtid: 1', 20003, 6, 'expected true or false'],
  ])('%s -> %s', (from, to, code, line, text) => {
    expect(SOURCE_FILE).toContain(from);
    const error = errorOf(SOURCE_FILE.replace(from, to));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(new RegExp(`^source\\.yaml, line ${line}, column \\d+`));
    expect(error.message).toContain(text);
  });
});
