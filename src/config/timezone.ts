/**
 * Whether a task's `timezone` is one that every part can use: an offset between -12:59 and +14:00, or a name of the time
 * zone data base. `SYSTEM` and `Local` mean something else on each machine and are not taken.
 */
export function isTimezone(zone: string): boolean {
  const offset = /^([+-])(\d{1,2}):([0-5]\d)$/.exec(zone);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return offset[1] === '+' ? minutes <= 14 * 60 : minutes < 13 * 60;
  }
  if (!/^[A-Za-z]/.test(zone) || /^(?:system|local)$/i.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** A session's `time_zone` that says nothing: the server's own. */
const SYSTEM = /^system$/i;

/** What of a task file says in which time zone its texts are meant. */
export interface TimezoneKeys {
  timezone?: string | undefined;
  'target-database'?: { session?: Record<string, string> | undefined } | undefined;
}

/** Name under which `session` gives a time zone, whatever its case; undefined when it does not. */
export function sessionTimezoneKey(task: TimezoneKeys): string | undefined {
  const session = task['target-database']?.session ?? {};
  return Object.keys(session).find((name) => name.toLowerCase() === 'time_zone' && !SYSTEM.test(session[name] ?? ''));
}

/** The time zone of a task, empty when it has none: `timezone`, which overwrites `time_zone` of the downstream's `session`. */
export function timezoneOf(task: TimezoneKeys): string {
  if ((task.timezone ?? '') !== '') return task.timezone ?? '';
  const key = sessionTimezoneKey(task);
  return key === undefined ? '' : (task['target-database']?.session?.[key] ?? '');
}
