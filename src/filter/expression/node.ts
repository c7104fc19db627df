import type { RowImage } from '../../sync/events.js';
import type { Decimal, Quotient } from './decimal.js';

/** The time that NOW() tells; one per batch of rows. */
export interface Moment {
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * A value while an expression is evaluated. `null` is SQL NULL; `undefined` means "not known here": a server must be
 * asked. By type of the node:
 * - integer: number when safe, else bigint; double: number; decimal: {@link Decimal}; quotient: {@link Quotient}
 * - text: string; bytes: Buffer
 * - date: `YYYY-MM-DD`; datetime: `YYYY-MM-DD HH:MM:SS` with or without a fraction; time: microseconds
 */
export type Scalar = null | undefined | number | bigint | string | Buffer | Decimal | Quotient;

export type Run = (image: RowImage, moment: Moment) => Scalar;

/** Who decides about the collation of a comparison: the lowest number. As the servers' coercibility. */
export const Strength = { explicit: 0, column: 2, literal: 4, converted: 5 } as const;
export type Strength = (typeof Strength)[keyof typeof Strength];

export interface TextType {
  is: 'text';
  /** Absent: the one of the session that evaluates, which is not known here. */
  collation?: string;
  charset?: string;
  strength: Strength;
}

export type SqlType =
  | { is: 'null' | 'double' | 'quotient' | 'bytes' | 'date' | 'unknown' }
  | { is: 'integer'; unsigned: boolean }
  | { is: 'decimal' }
  | { is: 'datetime' | 'time'; digits: number }
  | TextType;

/** A compiled part of an expression. */
export interface Node {
  readonly type: SqlType;
  readonly run: Run;
  /** A constant: `run` needs no row. NOW() is none. */
  readonly literal?: boolean;
  /** A plain column: servers compare those with constants by rules of their own. */
  readonly column?: string;
  /** Whether the value is NULL, where nothing else of it is known: null or 1. */
  readonly presence?: Run;
  /** Gives nothing but 1, 0 and NULL. */
  readonly truth?: boolean;
  /** The number that stands for the value where one is asked for: ENUM, SET and hexadecimal literals. */
  readonly number?: Node;
}

/** What only a server can evaluate. */
export const UNKNOWN: Node = { type: { is: 'unknown' }, run: () => undefined };

export const INTEGER: SqlType = { is: 'integer', unsigned: false };
export const UNSIGNED: SqlType = { is: 'integer', unsigned: true };

/** A node that turns the value of another; NULL stays NULL, and constants are turned once. */
export function map(node: Node, type: SqlType, turn: (value: NonNullable<Scalar>) => Scalar): Node {
  const { run } = node;
  return fold({
    type,
    literal: node.literal ?? false,
    run: (image, moment) => {
      const value = run(image, moment);
      return value === null || value === undefined ? value : turn(value);
    },
  });
}

/** Evaluates a constant now. */
export function fold(node: Node): Node {
  if (node.literal !== true) return node;
  const value = node.run([], { now: 0 });
  return { ...node, run: () => value };
}

/** A constant. */
export function constant(type: SqlType, value: Scalar): Node {
  return { type, literal: true, run: () => value };
}

/** Value of a constant. */
export function valueOf(node: Node): Scalar {
  return node.run([], { now: 0 });
}

/** A node over several others, by their values; NULL in any of them gives NULL. */
export function combine(nodes: readonly Node[], type: SqlType, work: (values: NonNullable<Scalar>[]) => Scalar): Node {
  if (nodes.some((node) => node.type.is === 'unknown')) return UNKNOWN;
  return fold({
    type,
    literal: nodes.every((node) => node.literal === true),
    run: (image, moment) => {
      const values: NonNullable<Scalar>[] = [];
      let open = false;
      for (const { run } of nodes) {
        const value = run(image, moment);
        if (value === null) return null;
        if (value === undefined) open = true;
        else values.push(value);
      }
      return open ? undefined : work(values);
    },
  });
}

/** Text of a constant; undefined when it is none. */
export function constantText(node: Node): string | undefined {
  const value = node.literal === true ? valueOf(node) : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** An integer in its canonical form: number when safe. */
export function integer(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

export const SIGNED_MIN = -(1n << 63n);
export const SIGNED_MAX = (1n << 63n) - 1n;
export const UNSIGNED_MAX = (1n << 64n) - 1n;

/** An integer if the 64-bit type holds it; servers fail where it does not, so that is left to them. */
export function ranged(value: bigint, unsigned: boolean): number | bigint | undefined {
  const fits = unsigned ? value >= 0n && value <= UNSIGNED_MAX : value >= SIGNED_MIN && value <= SIGNED_MAX;
  return fits ? integer(value) : undefined;
}
