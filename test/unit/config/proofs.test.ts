/**
 * What each key of a task file does, beyond being read: the test that fails when it does nothing. Keys that are only
 * remarked upon are told by the samples of their own (key-samples.ts).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EFFECTS } from './key-effects.js';
import { KEY_SAMPLES } from './key-samples.js';

type Proof = readonly [file: string, title: string];

const ONE_SOURCE = 'test/e2e/scenarios/one-source.test.ts';
const MERGING = 'test/e2e/scenarios/merging.test.ts';
const SYNC_RULES = 'test/integration/sync/rules.test.ts';
const SYNC_SCENARIOS = 'test/integration/sync/scenarios.test.ts';
const UNITS = 'test/integration/session/unit-settings.test.ts';
const SESSION = 'test/integration/session/session.test.ts';
const TLS = 'test/integration/session/tls.test.ts';
const CHECK = 'test/integration/check/check.test.ts';
const EXPRESSIONS = 'test/unit/filter/expression/vectors.test.ts';
const ROUTES = 'test/integration/load/routes.test.ts';

const ROUTED: Proof = [ROUTES, 'RT-01, RT-02, RT-03, RT-04: go into one table'];
const FILTERED: Proof = [SYNC_RULES, 'drops rows of a kind and statements, and follows the structures'];
const MAPPED: Proof = [SYNC_RULES, 'column mapping makes keys of many tables unique in one'];
const LISTED: Proof = ['test/unit/filter/block-allow-list.test.ts', 'vectors of the manual'];
const ENCRYPTED: Proof = [TLS, 'carries every connection, and each new one after all were lost'];
const REACHED: Proof = ['test/integration/cli/dmctl.test.ts', 'a downstream that is not there, refuses the password'];

const PROOFS: Record<string, Proof> = {
  '.name': [ONE_SOURCE, 'S1-E4: keeps the name of a task'],
  '.task-mode': [ONE_SOURCE, 'ends when everything is there'],
  '.shard-mode': ['test/unit/config/wrong-task-files.test.ts', 'features of later versions are refused'],
  '.is-sharding': ['test/unit/config/wrong-task-files.test.ts', 'features of later versions are refused'],
  '.ignore-checking-items': ['test/integration/check/rules.test.ts', 'is left out with table_schema'],
  '.meta-schema': [SYNC_SCENARIOS, 'S5-V5: each source begins at its own place'],
  '.timezone': [SESSION, 'says in which zone the condition of the dump is meant'],
  '.case-sensitive': [
    'test/integration/dump/selection.test.ts',
    'with case-sensitive, names count as they are written',
  ],
  '.online-ddl': [
    'test/integration/sync/online-ddl.test.ts',
    'without online-ddl its tables are replicated like others',
  ],
  '.online-ddl-scheme': ['test/unit/config/feature-rules.test.ts', 'online DDL'],
  '.shadow-table-rules': ['test/integration/sync/online-ddl.test.ts', 'rules of the user tell other names'],
  '.trash-table-rules': ['test/integration/sync/online-ddl.test.ts', 'rules of the user tell other names'],
  '.clean-dump-file': ['test/integration/load/load.test.ts', 'data files go when the load has finished'],
  '.target-database.host': REACHED,
  '.target-database.port': REACHED,
  '.target-database.user': [CHECK, 'must let its user write'],
  '.target-database.password': REACHED,
  '.target-database.max-allowed-packet': [SESSION, 'is %s: longer rows are refused with its name, others pass'],
  '.target-database.session': [SESSION, 'sets variables of every connection that writes'],
  '.target-database.security.ssl-ca': ENCRYPTED,
  '.target-database.security.ssl-cert': ENCRYPTED,
  '.target-database.security.ssl-key': ENCRYPTED,
  '.target-database.security.cert-allowed-cn': [
    TLS,
    'is refused without what the servers or the configuration ask for',
  ],
  '.routes.*.schema-pattern': ROUTED,
  '.routes.*.table-pattern': ROUTED,
  '.routes.*.target-schema': ROUTED,
  '.routes.*.target-table': ROUTED,
  '.filters.*.schema-pattern': ['test/unit/filter/event-filter.test.ts', 'vectors of the manual'],
  '.filters.*.table-pattern': FILTERED,
  '.filters.*.events': FILTERED,
  '.filters.*.sql-pattern': FILTERED,
  '.filters.*.action': ['test/unit/filter/event-filter.test.ts', 'the first entry that speaks about an event decides'],
  '.expression-filter.*.schema': [EXPRESSIONS, 'EX-07 another table is not concerned'],
  '.expression-filter.*.table': [EXPRESSIONS, 'EX-07 another table is not concerned'],
  '.expression-filter.*.insert-value-expr': [SYNC_RULES, 'EX-01, EX-03: the expression filter decides for each row'],
  '.expression-filter.*.update-old-value-expr': [EXPRESSIONS, 'EX-08 only an expression of old values'],
  '.expression-filter.*.update-new-value-expr': [EXPRESSIONS, 'EX-09 only an expression of new values'],
  '.expression-filter.*.delete-value-expr': [EXPRESSIONS, 'EX-11 deleted rows'],
  '.column-mappings.*.schema-pattern': MAPPED,
  '.column-mappings.*.table-pattern': MAPPED,
  '.column-mappings.*.source-column': [
    'test/unit/filter/column-mapping.test.ts',
    'writes into another column than it reads',
  ],
  '.column-mappings.*.target-column': [
    'test/unit/filter/column-mapping.test.ts',
    'writes into another column than it reads',
  ],
  '.column-mappings.*.expression': MAPPED,
  '.column-mappings.*.arguments': MAPPED,
  '.block-allow-list.*.do-dbs': LISTED,
  '.block-allow-list.*.ignore-dbs': LISTED,
  '.block-allow-list.*.do-tables': LISTED,
  '.block-allow-list.*.ignore-tables': LISTED,
  '.mydumpers.*.threads': [UNITS, 'threads of mydumpers and pool-size of loaders are connections'],
  '.mydumpers.*.chunk-filesize': ['test/integration/dump/structure.test.ts', 'sizes of files and statements are kept'],
  '.mydumpers.*.rows': [UNITS, 'threads of mydumpers and pool-size of loaders are connections'],
  '.mydumpers.*.statement-size': ['test/integration/dump/structure.test.ts', 'sizes of files and statements are kept'],
  '.mydumpers.*.where': [SESSION, 'says in which zone the condition of the dump is meant'],
  '.mydumpers.*.extra-args': [
    'test/integration/dump/selection.test.ts',
    '--tables-list and --filter take the place of the list',
  ],
  '.loaders.*.pool-size': [UNITS, 'threads of mydumpers and pool-size of loaders are connections'],
  '.loaders.*.dir': ['test/integration/load/load.test.ts', 'a second run changes nothing, with and without files'],
  '.syncers.*.worker-count': [UNITS, 'worker-count of syncers is connections, batch the rows of a transaction'],
  '.syncers.*.batch': [UNITS, 'worker-count of syncers is connections, batch the rows of a transaction'],
  '.syncers.*.safe-mode': [SYNC_SCENARIOS, 'S4 row 13'],
  '.syncers.*.compact': [UNITS, 'compact and multiple-rows of syncers merge changes into fewer statements'],
  '.syncers.*.multiple-rows': [UNITS, 'compact and multiple-rows of syncers merge changes into fewer statements'],
  '.syncers.*.queue-size': [UNITS, 'queue-size of syncers bounds what is read'],
  '.syncers.*.checkpoint-flush-interval': [UNITS, 'checkpoint-flush-interval of syncers is the time'],
  '.mysql-instances[].source-id': [MERGING, 'copies each table to the place that the routes name'],
  '.mysql-instances[].meta.binlog-name': [ONE_SOURCE, 'begins behind the position, not at it'],
  '.mysql-instances[].meta.binlog-pos': [ONE_SOURCE, 'begins behind the position, not at it'],
  '.mysql-instances[].meta.binlog-gtid': [ONE_SOURCE, 'S5-V4: begins behind a GTID set alone'],
  '.mysql-instances[].route-rules': [MERGING, 'copies each table to the place that the routes name'],
  '.mysql-instances[].filter-rules': [MERGING, 'follows changes, and never those that the filters name'],
  '.mysql-instances[].column-mapping-rules': [ROUTES, 'column mapping keeps the ids of shards apart'],
  '.mysql-instances[].expression-filters': [EXPRESSIONS, 'EX-06 a rule that the source does not use has no effect'],
  '.mysql-instances[].block-allow-list': [
    ONE_SOURCE,
    'copies everything, follows changes, and leaves other databases alone',
  ],
  '.mysql-instances[].black-white-list': [
    'test/unit/config/task-file.test.ts',
    'black-white-list stands for block-allow-list',
  ],
  '.mysql-instances[].mydumper-config-name': [
    MERGING.replace('merging', 'several-sources'),
    'without any lock, and become equal',
  ],
  '.mysql-instances[].loader-config-name': [
    'test/unit/config/task-file.test.ts',
    'gives the first source everything it names',
  ],
  '.mysql-instances[].syncer-config-name': [MERGING, 'and goes on in safe mode'],
  '.mysql-instances[].mydumper-thread': ['test/unit/config/task-file.test.ts', 'mydumper-thread over both'],
  '.mysql-instances[].loader-thread': ['test/unit/config/task-file.test.ts', 'its own shortcuts'],
  '.mysql-instances[].syncer-thread': ['test/unit/config/task-file.test.ts', 'its own shortcuts'],
};

/** Keys whose values are only remarked upon, and those that mean the same as another one. */
function needsProof(key: string): boolean {
  const inline = /^\.mysql-instances\[\]\.(?:mydumper|loader|syncer)\./.test(key);
  const remarked = KEY_SAMPLES.some((sample) => sample.key === key && sample.remark === true);
  return !inline && !remarked && !key.startsWith('.black-white-list.');
}

describe('every key of a task file', () => {
  it('has a test that fails when it has no effect', () => {
    expect(Object.keys(EFFECTS).filter((key) => needsProof(key) && PROOFS[key] === undefined)).toEqual([]);
    expect(Object.keys(PROOFS).filter((key) => EFFECTS[key] === undefined)).toEqual([]);
  });

  it.each(Object.entries(PROOFS))('%s', (_key, [file, title]) => {
    expect(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')).toContain(title);
  });
});
