import { dmError } from '../errors/dm-error.js';
import type { BinlogLocation } from '../sync/events.js';
import type { Flavor } from '../config/types.js';
import { parseGtidSet } from './gtid-set.js';

/** Offset of the first event of every binlog file, behind its magic number. */
export const FIRST_EVENT_POSITION = 4;

/** A binlog file name taken apart. */
export interface BinlogFileName {
  base: string;
  /** Number of the relay sub-directory, as in `mysql-bin|000002.000005`; undefined for names of a server. */
  relayIndex?: number;
  sequence: number;
}

/**
 * Takes a binlog file name apart.
 * @throws DmError 11027 when it does not end in a dot and digits
 */
export function parseBinlogFileName(name: string): BinlogFileName {
  const match = /^(?<base>.*?)(?:\|(?<relay>\d+))?\.(?<sequence>\d+)$/s.exec(name);
  if (match?.groups === undefined || match.groups['base'] === '') throw dmError(11027, [name]);
  const { base, relay, sequence } = match.groups;
  const parsed: BinlogFileName = { base: base ?? '', sequence: Number(sequence) };
  if (relay !== undefined) parsed.relayIndex = Number(relay);
  return parsed;
}

/**
 * Order of two binlog file names: by base name, then by relay sub-directory when both have one, then by sequence as a
 * number (`.999999` comes before `.1000000`). The empty name comes before all.
 */
export function compareBinlogFileNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const left = parseBinlogFileName(a);
  const right = parseBinlogFileName(b);
  if (left.base !== right.base) return left.base < right.base ? -1 : 1;
  if (left.relayIndex !== undefined && right.relayIndex !== undefined && left.relayIndex !== right.relayIndex) {
    return Math.sign(left.relayIndex - right.relayIndex);
  }
  return Math.sign(left.sequence - right.sequence);
}

/** Order of two places in the binlog by file and offset: negative, zero or positive. */
export function comparePositions(a: { name: string; pos: number }, b: { name: string; pos: number }): number {
  const byName = compareBinlogFileNames(a.name, b.name);
  return byName !== 0 ? byName : Math.sign(a.pos - b.pos);
}

/**
 * Order of two locations. With GTIDs in use a contained set is smaller and sets that cannot be compared fall back to the
 * position; otherwise only the position counts.
 */
export function compareLocations(a: BinlogLocation, b: BinlogLocation, flavor: Flavor, useGtid: boolean): number {
  if (!useGtid || a.gtidSet === b.gtidSet) {
    return useGtid && a.gtidSet !== '' ? 0 : comparePositions(a, b);
  }
  const left = parseGtidSet(flavor, a.gtidSet);
  const right = parseGtidSet(flavor, b.gtidSet);
  if (left.equals(right)) return 0;
  if (right.contains(left)) return -1;
  if (left.contains(right)) return 1;
  return comparePositions(a, b);
}

/** Text of a location as DM logs it: `position: (file, pos), gtid-set: ...`. */
export function formatLocation(location: BinlogLocation): string {
  return `position: ${formatPosition(location)}, gtid-set: ${location.gtidSet}`;
}

/** `(file, pos)`, as `query-status` prints a position. */
export function formatPosition(position: { name: string; pos: number }): string {
  return `(${position.name}, ${position.pos})`;
}

/**
 * Reads what {@link formatPosition} wrote.
 * @throws DmError 11049
 */
export function parsePosition(text: string): { name: string; pos: number } {
  const match = /^\((.*), (\d+)\)$/s.exec(text);
  if (match === null) throw dmError(11049, [text]);
  return { name: match[1] ?? '', pos: Number(match[2]) };
}
