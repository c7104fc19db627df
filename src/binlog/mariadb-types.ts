import { formatUuid } from '../mysql/gtid-set-mysql.js';

/** Text of a UUID: in row images its bytes stand in the order of the text, unlike in the server's index records. */
export function uuidText(stored: Buffer): string {
  return formatUuid(stored, 0);
}

/** Dotted text of an INET4 value. */
export function addressText4(stored: Buffer): string {
  return stored.join('.');
}

/**
 * Text of an INET6 value as the server prints it: lower-case groups without leading zeros, the first longest run of two or
 * more zero groups as `::`, addresses that hold an IPv4 one with dots.
 */
export function addressText6(stored: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => stored.readUInt16BE(index * 2));
  const run = longestZeroRun(groups);
  const embedded =
    run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff))
      ? addressText4(stored.subarray(12))
      : undefined;
  const shown = groups.map((group) => group.toString(16));
  if (embedded !== undefined) shown.splice(6, 2, embedded);
  if (run.length < 2) return shown.join(':');
  return `${shown.slice(0, run.start).join(':')}::${shown.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
