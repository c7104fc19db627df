import type { Flavor } from '../config/types.js';
import { MariadbGtidSet } from './gtid-set-mariadb.js';
import { MysqlGtidSet } from './gtid-set-mysql.js';

export { MariadbGtidSet, MysqlGtidSet };

/** A set of transactions of either server family. Mutable through {@link GtidSet.add} alone. */
export interface GtidSet {
  readonly flavor: Flavor;
  isEmpty(): boolean;
  /** Takes one transaction in, e.g. `uuid:7`, `uuid:tag:7` or `0-1-7`. */
  add(gtid: string): void;
  /** Whether every transaction of `other` is in this set. Sets of another flavor never are, unless empty. */
  contains(other: GtidSet): boolean;
  equals(other: GtidSet): boolean;
  /** A new set of what is in either. */
  union(other: GtidSet): GtidSet;
  /** A new set of what is in this and not in `other`. */
  subtract(other: GtidSet): GtidSet;
  clone(): GtidSet;
  /** Canonical text, equal for equal sets, readable by the server; empty text for the empty set. */
  toString(): string;
}

/**
 * Reads a GTID set in the text form of a flavor; white space between members is allowed.
 * @throws DmError 11059 (MySQL) or 11060 (MariaDB) when the text is not one
 */
export function parseGtidSet(flavor: Flavor, text: string): GtidSet {
  return flavor === 'mariadb' ? MariadbGtidSet.parse(text) : MysqlGtidSet.parse(text);
}
