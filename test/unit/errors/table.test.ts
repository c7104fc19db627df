import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { dmError, type ErrorClass } from '../../../src/errors/dm-error.js';
import { renderErrorDocs } from '../../../src/errors/document.js';
import { ERROR_TABLE, type ErrorCode, type ErrorDefinition } from '../../../src/errors/table.js';

const entries = Object.entries<ErrorDefinition>(ERROR_TABLE).map(([code, row]) => ({ code: Number(code), ...row }));

/** Classes by thousands of the code, and the codes that DM put elsewhere. */
const CLASS_OF: Record<number, ErrorClass> = {
  10: 'database',
  11: 'functional',
  20: 'config',
  22: 'binlog-op',
  24: 'checkpoint',
  26: 'task-check',
  28: 'relay-event-lib',
  30: 'relay-unit',
  32: 'dump-unit',
  34: 'load-unit',
  36: 'sync-unit',
  38: 'dm-master',
  40: 'dm-worker',
  42: 'dm-tracer',
  44: 'schema-tracker',
  46: 'scheduler',
  48: 'dmctl',
  49: 'openapi',
  50: 'not-set',
};
const ELSEWHERE: Record<number, ErrorClass> = {
  11126: 'binlog-op',
  34017: 'functional',
  34018: 'functional',
  34019: 'functional',
  46009: 'dm-master',
  46010: 'dm-master',
  46015: 'dm-master',
  46016: 'dm-master',
  46017: 'dm-master',
};

describe('the error table', () => {
  it('keeps to ranges and classes', () => {
    for (const { code, class: errClass } of entries) {
      expect(errClass, String(code)).toBe(ELSEWHERE[code] ?? CLASS_OF[Math.floor(code / 1000)]);
    }
  });

  it('has each code once in its source', () => {
    const source = readFileSync(new URL('../../../src/errors/table.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/^ {2}(\d{5}):/gm)].map((match) => match[1]);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.length).toBe(entries.length);
  });

  it('has place holders that are filled', () => {
    for (const { code, message } of entries) {
      const holders = message.match(/%(?:%|\+?[sdvT])/g) ?? [];
      expect(message.replaceAll(/%(?:%|\+?[sdvT])/g, ''), String(code)).not.toContain('%');
      const args = holders.filter((holder) => holder !== '%%').map((_, index) => `<${index}>`);
      const filled = dmError(code as ErrorCode, args).message;
      for (const arg of args) expect(filled, String(code)).toContain(arg);
      expect(filled, String(code)).not.toMatch(/%[+sdvT]/);
    }
  });

  it('has advice that reads as sentences and no line breaks', () => {
    for (const { code, workaround } of entries) {
      if (workaround === undefined) continue;
      expect(workaround, String(code)).toMatch(/^[A-Z`].*\.$/);
      expect(workaround, String(code)).not.toContain('\n');
    }
  });

  it('has advice for whatever a user can meet by a wrong configuration, environment or command', () => {
    const met = entries.filter(({ code }) => [10, 20, 24, 26, 32, 34, 48].includes(Math.floor(code / 1000)));
    expect(met.filter(({ workaround }) => workaround === undefined).map(({ code }) => code)).toEqual([]);
  });

  it('tells how a running task takes up a correction of its file, which resume-task does not read', () => {
    for (const code of [20046, 20049] as const) {
      expect(dmError(code).workaround, String(code)).toMatch(/`stop-task`.*`start-task`/);
    }
  });

  it('holds the words of DM that its users know', () => {
    expect(dmError(36027, [3, 2]).message).toBe("Column count doesn't match value count: 3 (columns) vs 2 (values)");
    expect(dmError(20031, ['s']).message).toBe('source s in deployment configuration not found');
    expect(dmError(46014, ['t', ['a', 'b']]).message).toBe('subtasks with name t for sources [a b] already exist');
    expect(dmError(48001).toString()).toMatch(
      /^\[code=48001:class=dmctl:scope=internal:level=high\], Message: can not create grpc connection, Workaround: /,
    );
    expect(dmError(50000, ['anything at all']).message).toBe('anything at all');
  });
});

describe('docs/errors.md', () => {
  it('is made from the table (node tools/generate-docs.mjs)', async () => {
    const written = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const options = { parser: 'markdown', printWidth: 120, singleQuote: true, trailingComma: 'all' } as const;
    expect(written).toBe(await format(renderErrorDocs(), options));
  });
});
