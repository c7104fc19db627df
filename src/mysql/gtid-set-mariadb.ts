import { dmError } from '../errors/dm-error.js';
import type { GtidSet } from './gtid-set.js';

/** Last transaction of one replication domain. */
interface DomainEnd {
  server: number;
  sequence: bigint;
}

const MAX_UINT32 = 0xffffffff;
const MAX_UINT64 = 0xffffffffffffffffn;

/**
 * GTID position of MariaDB: for each domain the last transaction, which stands for all before it in that domain. Text
 * form `0-1-100,1-2-7`, sorted by domain.
 */
export class MariadbGtidSet implements GtidSet {
  readonly flavor = 'mariadb';
  private readonly domains = new Map<number, DomainEnd>();

  /**
   * Reads the text form; of several members of one domain the one with the highest sequence counts.
   * @throws DmError 11060
   */
  static parse(text: string): MariadbGtidSet {
    const set = new MariadbGtidSet();
    if (text.trim() === '') return set;
    for (const member of text.split(',')) {
      const { domain, end } = parseMember(member, text);
      set.raise(domain, end);
    }
    return set;
  }

  isEmpty(): boolean {
    return this.domains.size === 0;
  }

  /** The transaction becomes the last one of its domain, even when its number is lower, as after a failover. */
  add(gtid: string): void {
    const { domain, end } = parseMember(gtid, gtid);
    this.domains.set(domain, end);
  }

  contains(other: GtidSet): boolean {
    if (!(other instanceof MariadbGtidSet)) return other.isEmpty();
    for (const [domain, end] of other.domains) {
      const own = this.domains.get(domain);
      if (own === undefined || own.sequence < end.sequence) return false;
    }
    return true;
  }

  equals(other: GtidSet): boolean {
    return other.flavor === this.flavor ? this.toString() === other.toString() : this.isEmpty() && other.isEmpty();
  }

  union(other: GtidSet): GtidSet {
    const result = this.clone();
    if (other instanceof MariadbGtidSet) {
      for (const [domain, end] of other.domains) result.raise(domain, end);
    } else if (!other.isEmpty()) {
      throw dmError(11012, [other.toString()]);
    }
    return result;
  }

  /** Domains whose end `other` has not reached. */
  subtract(other: GtidSet): GtidSet {
    const result = new MariadbGtidSet();
    for (const [domain, end] of this.domains) {
      const theirs = other instanceof MariadbGtidSet ? other.domains.get(domain) : undefined;
      if (theirs === undefined || theirs.sequence < end.sequence) result.domains.set(domain, end);
    }
    return result;
  }

  clone(): MariadbGtidSet {
    const copy = new MariadbGtidSet();
    for (const [domain, end] of this.domains) copy.domains.set(domain, end);
    return copy;
  }

  toString(): string {
    return [...this.domains]
      .sort(([a], [b]) => a - b)
      .map(([domain, end]) => `${domain}-${end.server}-${end.sequence}`)
      .join(',');
  }

  private raise(domain: number, end: DomainEnd): void {
    const own = this.domains.get(domain);
    if (own === undefined || own.sequence < end.sequence) this.domains.set(domain, end);
  }
}

function parseMember(member: string, whole: string): { domain: number; end: DomainEnd } {
  const match = /^\s*(\d{1,10})-(\d{1,10})-(\d{1,20})\s*$/.exec(member);
  if (match === null) throw dmError(11060, [whole]);
  const domain = Number(match[1]);
  const server = Number(match[2]);
  const sequence = BigInt(match[3] ?? '');
  if (domain > MAX_UINT32 || server > MAX_UINT32 || sequence > MAX_UINT64) throw dmError(11060, [whole]);
  return { domain, end: { server, sequence } };
}
