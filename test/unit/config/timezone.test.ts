import { describe, expect, it } from 'vitest';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { DmError } from '../../../src/errors/dm-error.js';

const from = { host: 'up', port: 3306, user: 'u', password: '' };
const source = { sourceId: 's', flavor: 'mysql', serverId: 1, enableGtid: false, from, caseSensitive: false };

/** The resolved task of a file with these lines. */
function timezone(top: string, session: string): string {
  const text = `name: t
task-mode: all
${top}
target-database:
  host: h
  port: 4000
  user: u
  session:
    autocommit: 1
    ${session}
mysql-instances:
  - source-id: s
`;
  const sources = new Map([['s', source as SourceConfig]]);
  return resolveSubtasks(readTaskFile(text, 't.yaml'), sources)[0]?.timezone ?? '?';
}

function errorOf(action: () => unknown): DmError {
  try {
    action();
  } catch (error) {
    if (error instanceof DmError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe("a task's time zone", () => {
  it.each([
    ['', '', ''],
    ['timezone: "+08:00"', '', '+08:00'],
    ['', 'time_zone: "+09:00"', '+09:00'],
    ['', 'TIME_ZONE: "Asia/Tokyo"', 'Asia/Tokyo'],
    ['timezone: "+08:00"', 'time_zone: "+09:00"', '+08:00'],
    ['', 'time_zone: SYSTEM', ''],
  ])('of %s and %s is %s', (top, session, zone) => {
    expect(timezone(top, session)).toBe(zone);
  });

  it('must be one, wherever it stands', () => {
    const error = errorOf(() => timezone('', 'Time_Zone: "Mars/Crater"'));
    expect(error.code).toBe(20008);
    expect(error.message).toContain('line 10');
    expect(error.message).toContain('target-database.session.Time_Zone');
  });
});
