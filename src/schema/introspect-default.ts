import { isTemporalType } from './column-type.js';
import type { Column, ColumnDefault } from './model.js';
import { currentTimestamp, stripParentheses } from './resolve-default.js';
import type { ServerProfile } from './server-profile.js';

/** What COLUMN_DEFAULT and EXTRA say of a column's default. Binary literals are not exact there. */
export function defaultOf(
  value: unknown,
  column: Column,
  extra: string,
  profile: ServerProfile,
): ColumnDefault | undefined {
  const given = Buffer.isBuffer(value) ? value.toString('utf8') : value;
  const printsExpressions = profile.flavor === 'mariadb' && profile.versionNumber >= 100207;
  if (typeof given !== 'string') {
    return !printsExpressions && column.nullable ? { kind: 'null' } : undefined;
  }
  const now = /^current_timestamp(?:\((\d*)\))?$/i.exec(given);
  if (now !== null && (isTemporalType(column.type) || printsExpressions)) {
    return { kind: 'expression', text: currentTimestamp(Number(now[1] === '' ? 0 : (now[1] ?? 0))) };
  }
  if (printsExpressions) return mariadbDefault(given);
  if (/\bDEFAULT_GENERATED\b/.test(extra)) {
    const call = /^now\((\d*)\)$/i.exec(given);
    if (call !== null) return { kind: 'expression', text: currentTimestamp(Number(call[1])) };
    return { kind: 'expression', text: stripParentheses(unescapeExpression(given, profile)) };
  }
  return { kind: 'literal', value: given };
}

/** MariaDB prints defaults as they would stand in a statement. */
function mariadbDefault(given: string): ColumnDefault {
  if (given === 'NULL') return { kind: 'null' };
  if (/^'(?:[^'\\]|''|\\.)*'$/s.test(given)) return { kind: 'literal', value: unquote(given) };
  if (/^-?[0-9.]+(?:e[+-]?\d+)?$/i.test(given) || /^b'[01]*'$/.test(given)) return { kind: 'literal', value: given };
  return { kind: 'expression', text: stripParentheses(given) };
}

const ESCAPES: Record<string, string> = { '0': '\0', n: '\n', r: '\r', t: '\t', b: '\b', Z: '\x1a' };

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/''|\\(.)/gs, (match, escaped: string | undefined) =>
      match === "''" ? "'" : (ESCAPES[escaped ?? ''] ?? escaped ?? ''),
    );
}

/** MySQL 8 shows expressions with its quotes escaped once more. */
export function unescapeExpression(expression: string, profile: ServerProfile): string {
  return profile.flavor === 'mysql' ? expression.replace(/\\(['"\\])/g, '$1') : expression;
}
