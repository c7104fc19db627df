import { dmError } from '../errors/dm-error.js';
import type { GtidSet } from './gtid-set.js';

/** Transaction numbers `first`..`last`, both included. */
interface Interval {
  first: bigint;
  last: bigint;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const MAX_NUMBER = 0x7fffffffffffffffn;
/** Marks the encoding that carries tags (MySQL 8.3 and later) in the first and last byte of the leading word. */
const TAGGED_FORMAT = 1n;

/**
 * GTID set of MySQL: for each source (server UUID, and since 8.3 maybe a tag) sorted intervals that neither touch nor
 * overlap. Text form `uuid:1-5:7:tag:1-3,uuid2:1`, sorted by UUID, then by tag with the untagged numbers first.
 */
export class MysqlGtidSet implements GtidSet {
  readonly flavor = 'mysql';
  /** Key: `uuid` or `uuid:tag`. Sorting the keys as text gives the canonical order. */
  private readonly sources = new Map<string, Interval[]>();
  /** Text of the intervals of each source. Dropped when they change: `toString` after each commit has to be cheap. */
  private readonly texts = new Map<string, string>();
  private sortedKeys: string[] | undefined;

  /**
   * Reads the text form. Letter case, order, overlaps and white space do not matter.
   * @throws DmError 11059
   */
  static parse(text: string): MysqlGtidSet {
    const set = new MysqlGtidSet();
    if (text.trim() === '') return set;
    for (const member of text.split(',')) {
      if (!set.addMember(member)) throw dmError(11059, [text]);
    }
    return set;
  }

  /**
   * Reads the binary form of Previous_gtids events.
   * @throws DmError 11059 when the bytes are not one
   */
  static decode(bytes: Buffer): MysqlGtidSet {
    const set = new MysqlGtidSet();
    try {
      set.readEncoded(bytes);
    } catch (error) {
      throw dmError(11059, [`(${bytes.length} bytes)`], { cause: error });
    }
    return set;
  }

  isEmpty(): boolean {
    return this.sources.size === 0;
  }

  /**
   * @param gtid `uuid:number` or `uuid:tag:number`
   * @throws DmError 11009
   */
  add(gtid: string): void {
    const end = gtid.lastIndexOf(':');
    const number = parseNumber(gtid.slice(end + 1));
    const written = gtid.slice(0, end);
    // Nearly always another transaction of a source that is known, written as we write it.
    const isKnown = this.sources.has(written);
    const source = isKnown ? written : written.toLowerCase();
    if (number === undefined || !(isKnown || isSource(source))) throw dmError(11009, [gtid]);
    this.addInterval(source, number, number);
  }

  contains(other: GtidSet): boolean {
    if (!(other instanceof MysqlGtidSet)) return other.isEmpty();
    for (const [source, theirs] of other.sources) {
      const own = this.sources.get(source);
      if (own === undefined) return false;
      for (const interval of theirs) {
        // Intervals never touch, so one of ours has to hold the whole.
        const candidate = own[lastStartingAtOrBefore(own, interval.first)];
        if (candidate === undefined || candidate.last < interval.last) return false;
      }
    }
    return true;
  }

  equals(other: GtidSet): boolean {
    return other.flavor === this.flavor ? this.toString() === other.toString() : this.isEmpty() && other.isEmpty();
  }

  union(other: GtidSet): GtidSet {
    const result = this.clone();
    if (other instanceof MysqlGtidSet) {
      for (const [source, intervals] of other.sources) {
        for (const { first, last } of intervals) result.addInterval(source, first, last);
      }
    } else if (!other.isEmpty()) {
      throw dmError(11011, [other.toString()]);
    }
    return result;
  }

  subtract(other: GtidSet): GtidSet {
    const result = new MysqlGtidSet();
    for (const [source, intervals] of this.sources) {
      const removed = other instanceof MysqlGtidSet ? (other.sources.get(source) ?? []) : [];
      const rest = subtractIntervals(intervals, removed);
      if (rest.length > 0) result.setIntervals(source, rest);
    }
    return result;
  }

  clone(): MysqlGtidSet {
    const copy = new MysqlGtidSet();
    for (const [source, intervals] of this.sources) {
      copy.sources.set(
        source,
        intervals.map(({ first, last }) => ({ first, last })),
      );
    }
    return copy;
  }

  toString(): string {
    this.sortedKeys ??= [...this.sources.keys()].sort();
    let text = '';
    let uuidBefore = '';
    for (const source of this.sortedKeys) {
      const uuid = source.slice(0, 36);
      if (uuid === uuidBefore) text += source.slice(36);
      else text += text === '' ? source : `,${source}`;
      uuidBefore = uuid;
      text += this.textOf(source);
    }
    return text;
  }

  /** The binary form that COM_BINLOG_DUMP_GTID takes: with tags only when the set has any, for servers before 8.3. */
  encode(): Buffer {
    const keys = [...this.sources.keys()].sort();
    const tagged = keys.some((key) => key.length > 36);
    const count = BigInt(keys.length);
    const parts = [word(tagged ? (TAGGED_FORMAT << 56n) | (count << 8n) | TAGGED_FORMAT : count)];
    for (const key of keys) {
      const intervals = this.sources.get(key) ?? [];
      parts.push(Buffer.from(key.slice(0, 36).replaceAll('-', ''), 'hex'));
      if (tagged) {
        const tag = Buffer.from(key.slice(37), 'latin1');
        parts.push(Buffer.from([tag.length << 1]), tag);
      }
      parts.push(word(BigInt(intervals.length)));
      // On the wire the end of an interval is the first number behind it.
      for (const { first, last } of intervals) parts.push(word(first), word(last + 1n));
    }
    return Buffer.concat(parts);
  }

  private textOf(source: string): string {
    let text = this.texts.get(source);
    if (text === undefined) {
      text = '';
      for (const { first, last } of this.sources.get(source) ?? []) {
        text += first === last ? `:${first}` : `:${first}-${last}`;
      }
      this.texts.set(source, text);
    }
    return text;
  }

  private setIntervals(source: string, intervals: Interval[]): void {
    if (!this.sources.has(source)) this.sortedKeys = undefined;
    this.sources.set(source, intervals);
    this.texts.delete(source);
  }

  private addInterval(source: string, first: bigint, last: bigint): void {
    const intervals = this.sources.get(source);
    if (intervals === undefined) {
      this.setIntervals(source, [{ first, last }]);
      return;
    }
    this.texts.delete(source);
    const end = intervals[intervals.length - 1];
    // The usual case by far: the next number of the source.
    if (end !== undefined && end.last + 1n === first) {
      end.last = last;
      return;
    }
    insertInterval(intervals, first, last);
  }

  /** One `uuid:...` member of the text form. False when it is not one. */
  private addMember(member: string): boolean {
    const items = member.split(':').map((item) => item.trim().toLowerCase());
    const uuid = items[0] ?? '';
    if (!UUID.test(uuid) || items.length < 2) return false;
    let source = uuid;
    let open = true;
    for (const item of items.slice(1)) {
      if (TAG.test(item)) {
        // A tag names the intervals behind it, so two tags in a row are an error.
        if (source !== uuid && open) return false;
        source = `${uuid}:${item}`;
        open = true;
        continue;
      }
      const interval = parseInterval(item);
      if (interval === undefined) return false;
      this.addInterval(source, interval.first, interval.last);
      open = false;
    }
    return !open;
  }

  private readEncoded(bytes: Buffer): void {
    const head = bytes.readBigUInt64LE(0);
    const tagged = head >> 56n === TAGGED_FORMAT;
    const count = tagged ? (head >> 8n) & 0xffffffffffffn : head;
    let offset = 8;
    for (let index = 0n; index < count; index++) {
      let source = formatUuid(bytes, offset);
      offset += 16;
      if (tagged) {
        const length = bytes.readUInt8(offset) >> 1;
        if (length > 0) source += `:${bytes.toString('latin1', offset + 1, offset + 1 + length)}`;
        offset += 1 + length;
      }
      if (!isSource(source)) throw new RangeError(`bad source ${source}`);
      const intervals = bytes.readBigUInt64LE(offset);
      offset += 8;
      for (let number = 0n; number < intervals; number++, offset += 16) {
        const first = bytes.readBigUInt64LE(offset);
        const last = bytes.readBigUInt64LE(offset + 8) - 1n;
        if (first < 1n || last < first || last > MAX_NUMBER) throw new RangeError('bad interval');
        this.addInterval(source, first, last);
      }
    }
    if (offset !== bytes.length) throw new RangeError('bytes left over');
  }
}

/** Text form of the 16 bytes of a UUID. */
export function formatUuid(bytes: Buffer, offset: number): string {
  if (offset + 16 > bytes.length) throw new RangeError('truncated UUID');
  const hex = bytes.toString('hex', offset, offset + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function isSource(source: string): boolean {
  return UUID.test(source.slice(0, 36)) && (source.length === 36 || (source[36] === ':' && TAG.test(source.slice(37))));
}

function parseNumber(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const number = BigInt(text);
  return number >= 1n && number <= MAX_NUMBER ? number : undefined;
}

function parseInterval(text: string): Interval | undefined {
  const dash = text.indexOf('-');
  const first = parseNumber((dash < 0 ? text : text.slice(0, dash)).trim());
  const last = dash < 0 ? first : parseNumber(text.slice(dash + 1).trim());
  if (first === undefined || last === undefined || last < first) return undefined;
  return { first, last };
}

/** Index of the last interval that begins at or before `number`; -1 when none does. */
function lastStartingAtOrBefore(intervals: readonly Interval[], number: bigint): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (intervals[middle].first <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Puts `first`..`last` in, joining what touches or overlaps it. */
function insertInterval(intervals: Interval[], first: bigint, last: bigint): void {
  let from = lastStartingAtOrBefore(intervals, first);
  if (from < 0 || intervals[from].last + 1n < first) from += 1;
  let until = from;
  let joined: Interval = { first, last };
  for (let next = intervals[until]; next !== undefined && next.first <= joined.last + 1n; next = intervals[++until]) {
    joined = {
      first: next.first < joined.first ? next.first : joined.first,
      last: next.last > joined.last ? next.last : joined.last,
    };
  }
  intervals.splice(from, until - from, joined);
}

function subtractIntervals(intervals: readonly Interval[], removed: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let next = 0;
  for (const { first, last } of intervals) {
    let from = first;
    while (next < removed.length && removed[next].last < from) next += 1;
    for (let index = next; index < removed.length && from <= last; index++) {
      const hole = removed[index];
      if (hole.first > last) break;
      if (hole.first > from) rest.push({ first: from, last: hole.first - 1n });
      if (hole.last >= from) from = hole.last + 1n;
    }
    if (from <= last) rest.push({ first: from, last });
  }
  return rest;
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
