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
