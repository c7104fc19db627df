import { dmError, type DmError } from '../errors/dm-error.js';

/** Outcome of one check, or weight of one finding. */
export type CheckState = 'success' | 'warn' | 'fail';

/** One problem that a check found. Empty parts are absent. */
export interface CheckFinding {
  severity: 'warn' | 'fail';
  short_error: string;
  self?: string;
  other?: string;
  instruction?: string;
}

/** Result of one check; names and key order are DM's (task operations, section 2.5). */
export interface CheckResult {
  id: number;
  name: string;
  desc: string;
  state: CheckState;
  errors?: CheckFinding[];
  instruction?: string;
  extra?: string;
}

export interface CheckSummary {
  passed: boolean;
  total: number;
  successful: number;
  failed: number;
  warning: number;
}

export interface CheckReport {
  results: CheckResult[];
  summary: CheckSummary;
}

/** What a check is, apart from its outcome. */
export interface CheckKind {
  name: string;
  desc: string;
}

/** What a check found: nothing means success. */
export interface CheckOutcome {
  kind: CheckKind;
  findings: CheckFinding[];
  /** Advice for all findings together. */
  instruction?: string;
  /** Where it was looked, e.g. the address of the server. */
  extra?: string;
}

/** Puts outcomes together; a check is as bad as its worst finding. */
export function buildReport(outcomes: readonly CheckOutcome[]): CheckReport {
  const results = outcomes.map((outcome, id) => toResult(outcome, id));
  const count = (state: CheckState): number => results.filter((result) => result.state === state).length;
  const failed = count('fail');
  return {
    results,
    summary: {
      passed: failed === 0,
      total: results.length,
      successful: count('success'),
      failed,
      warning: count('warn'),
    },
  };
}

function toResult(outcome: CheckOutcome, id: number): CheckResult {
  const { findings, kind } = outcome;
  const worst = findings.some((finding) => finding.severity === 'fail') ? 'fail' : 'warn';
  const result: CheckResult = {
    id,
    name: kind.name,
    desc: kind.desc,
    state: findings.length === 0 ? 'success' : worst,
  };
  if (findings.length === 0) return result;
  result.errors = findings;
  if (outcome.instruction !== undefined) result.instruction = outcome.instruction;
  if (outcome.extra !== undefined) result.extra = outcome.extra;
  return result;
}

/** How much of a report is shown; a negative number does not limit. */
export interface ReportLimits {
  errors: number;
  warnings: number;
}

/** DM's limits when none are given. */
export const DEFAULT_LIMITS: ReportLimits = { errors: 10, warnings: 10 };

/**
 * What is shown of a report: findings only, at most so many of each weight. The summary still counts everything.
 */
export function limitReport(report: CheckReport, limits: ReportLimits = DEFAULT_LIMITS): CheckReport {
  const left = { fail: limits.errors, warn: limits.warnings };
  const results: CheckResult[] = [];
  for (const result of report.results) {
    const errors = (result.errors ?? []).filter((finding) => {
      if (left[finding.severity] === 0) return false;
      left[finding.severity] -= 1;
      return true;
    });
    if (errors.length > 0) results.push({ ...result, errors });
  }
  return { results, summary: report.summary };
}

/** DM's answer to a check without findings. */
export const CHECK_PASSED = 'check pass!!!';

/** The message of a passed check: with its warnings, when there are any to show. */
export function passedMessage(report: CheckReport, limits: ReportLimits = DEFAULT_LIMITS): string {
  const shown = limitReport(report, limits);
  return shown.results.length === 0 ? CHECK_PASSED : `${CHECK_PASSED}\n detail: ${JSON.stringify(shown, null, '\t')}`;
}

/** Error 26005 of a report that did not pass. */
export function failedCheckError(report: CheckReport, limits: ReportLimits = DEFAULT_LIMITS): DmError {
  return dmError(26005, [
    'fail to check synchronization configuration with type',
    'check was failed, please see detail',
    JSON.stringify(limitReport(report, limits), null, '\t'),
  ]);
}
