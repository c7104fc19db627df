import { describe, expect, it } from 'vitest';
import {
  buildReport,
  CHECK_PASSED,
  failedCheckError,
  limitReport,
  passedMessage,
  type CheckFinding,
} from '../../../src/check/report.js';
import { CHECKS, isWanted } from '../../../src/check/kinds.js';
import { judgeVersion } from '../../../src/check/server-checks.js';
import { parseVersion } from '../../../src/mysql/server-info.js';
import type { ServerFacts } from '../../../src/check/facts.js';
import { CHECKING_ITEMS } from '../../../src/config/task-schema.js';

const found = (severity: 'warn' | 'fail', n: number): CheckFinding => ({ severity, short_error: `${severity} ${n}` });

const report = buildReport([
  { kind: CHECKS.version, findings: [], extra: 'here' },
  { kind: CHECKS.serverId, findings: [found('fail', 1)], instruction: 'do', extra: 'there' },
  { kind: CHECKS.tableSchema, findings: [found('warn', 1), found('fail', 2), found('warn', 2)] },
  { kind: CHECKS.engines, findings: [found('warn', 3)] },
]);

describe('a report', () => {
  it('has the shape of DM', () => {
    expect(report.results[1]).toEqual({
      id: 1,
      name: 'mysql_server_id',
      desc: 'check whether mysql server_id has been greater than 0',
      state: 'fail',
      errors: [{ severity: 'fail', short_error: 'fail 1' }],
      instruction: 'do',
      extra: 'there',
    });
    expect(report.results.map((result) => result.state)).toEqual(['success', 'fail', 'fail', 'warn']);
    expect(report.summary).toEqual({ passed: false, total: 4, successful: 1, failed: 2, warning: 1 });
    expect(Object.keys(report.results[0])).toEqual(['id', 'name', 'desc', 'state']);
  });

  it.each([
    [{ errors: 10, warnings: 10 }, ['fail 1', 'warn 1', 'fail 2', 'warn 2', 'warn 3']],
    [{ errors: 1, warnings: 0 }, ['fail 1']],
    [{ errors: 0, warnings: 2 }, ['warn 1', 'warn 2']],
    [{ errors: -1, warnings: -1 }, ['fail 1', 'warn 1', 'fail 2', 'warn 2', 'warn 3']],
    [{ errors: 0, warnings: 0 }, []],
  ])('shows at most %j, and counts all the same', (limits, expected) => {
    const shown = limitReport(report, limits);
    expect(shown.results.flatMap((result) => (result.errors ?? []).map((finding) => finding.short_error))).toEqual(
      expected,
    );
    expect(shown.results.every((result) => result.errors!.length > 0)).toBe(true);
    expect(shown.summary).toEqual(report.summary);
  });

  it('becomes error 26005 with the JSON of its findings', () => {
    const { code, message } = failedCheckError(report);
    expect(code).toBe(26005);
    const [head, json] = message.split('\n detail: ');
    expect(head).toBe('fail to check synchronization configuration with type: check was failed, please see detail');
    expect(JSON.parse(json)).toEqual(limitReport(report));
  });

  it('says check pass!!! and nothing else when there is nothing else', () => {
    const good = buildReport([{ kind: CHECKS.version, findings: [] }]);
    expect(passedMessage(good)).toBe(CHECK_PASSED);
    const warned = buildReport([{ kind: CHECKS.engines, findings: [found('warn', 1)] }]);
    expect(warned.summary.passed).toBe(true);
    expect(passedMessage(warned)).toMatch(/^check pass!!!\n detail: \{/);
    expect(passedMessage(warned, { errors: 10, warnings: 0 })).toBe(CHECK_PASSED);
  });
});

describe('which checks run', () => {
  const names = (mode: 'full' | 'incremental' | 'all', ignored: string[] = []): string[] =>
    Object.entries(CHECKS)
      .filter(([, check]) => isWanted(check, mode, ignored))
      .map(([name]) => name);

  it("depends on the mode, as in the manual's table", () => {
    const replication = ['serverId', 'binlogEnable', 'binlogFormat', 'binlogRowImage', 'replicationPrivilege'];
    for (const name of replication) expect(names('full')).not.toContain(name);
    for (const name of replication) expect(names('incremental')).toContain(name);
    expect(names('incremental')).not.toContain('dumpPrivilege');
    expect(names('all')).toEqual(Object.keys(CHECKS));
  });

  it('each item leaves out its own, all leaves out everything', () => {
    expect(names('all', ['all'])).toEqual([]);
    for (const item of CHECKING_ITEMS) {
      const left = names('all', [item]);
      for (const name of left) expect(CHECKS[name as keyof typeof CHECKS].item).not.toBe(item);
    }
    expect(names('all', ['version'])).toEqual(Object.keys(CHECKS).filter((name) => name !== 'version'));
  });
});

describe('versions', () => {
  it.each([
    ['5.6.0', true],
    ['5.5.60-log', false],
    ['8.0.36', true],
    ['9.7.4-2', true],
    ['10.1.2-MariaDB', true],
    ['10.1.1-MariaDB-log', false],
    ['5.5.5-10.11.6-MariaDB-1:10.11.6+maria~deb12', true],
    ['11.4.2-MariaDB', true],
  ])('%s: %s', (version, good) => {
    const facts = { info: { ...parseVersion(version), version } } as unknown as ServerFacts;
    expect(judgeVersion(facts).findings.length === 0).toBe(good);
  });
});
