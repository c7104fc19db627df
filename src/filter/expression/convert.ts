import { Decimal, type Quotient } from './decimal.js';
import { INTEGER, Strength, UNKNOWN, map, type Node, type Scalar, type SqlType, type TextType } from './node.js';
import { fullForm, parseDatetime, timeText } from './temporal.js';

/** Whatever begins a text as a number; blanks in front are passed over. */
const NUMBER_PREFIX = /^[ \t\n\v\f\r]*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/i;

/** DOUBLE of a text, as far as it is a number; 0 where it is none. */
export function textToDouble(text: string): number | undefined {
  const prefix = NUMBER_PREFIX.exec(text)?.[1];
  if (prefix === undefined) return 0;
  const value = Number(prefix);
  return Number.isFinite(value) ? value : undefined;
}

/** The value as a number: integer, decimal or double. Texts are doubles. */
export function asNumber(node: Node): Node {
  const { type } = node;
  if (node.number !== undefined) return node.number;
  switch (type.is) {
    case 'null':
    case 'integer':
    case 'decimal':
    case 'double':
      return node;
    case 'text':
      return map(node, { is: 'double' }, (value) => textToDouble(value as string));
    case 'quotient':
      return map(node, { is: 'decimal' }, (value) =>
        (value as Quotient).exact ? (value as Quotient).value : undefined,
      );
    case 'date':
      return map(node, INTEGER, (value) => Number((value as string).replaceAll('-', '')));
    case 'datetime': {
      const { digits } = type;
      const compact = (value: Scalar): string => (value as string).replaceAll(/[-: ]/g, '');
      if (digits === 0) return map(node, INTEGER, (value) => Number(compact(value)));
      return map(node, { is: 'decimal' }, (value) => Decimal.parse(compact(value)));
    }
    case 'time': {
      // Only without digits behind the seconds the number is whole.
      if (type.digits > 0) return UNKNOWN;
      return map(node, INTEGER, (value) => Number(timeText(value as number, 0).replaceAll(':', '')));
    }
    case 'bytes':
      return map(node, { is: 'double' }, (value) => textToDouble((value as Buffer).toString('latin1')));
    default:
      return UNKNOWN;
  }
}

/** DOUBLE of a number in any of its forms. */
export function toDouble(value: NonNullable<Scalar>): number {
  if (typeof value === 'number') return value;
  return value instanceof Decimal ? value.toNumber() : Number(value);
}

/** Exact decimal of an integer or decimal. */
export function toDecimal(value: NonNullable<Scalar>): Decimal {
  return value instanceof Decimal ? value : Decimal.of(value as number | bigint);
}

export function asDouble(node: Node): Node {
  const number = asNumber(node);
  if (number.type.is === 'double' || number.type.is === 'null' || number.type.is === 'unknown') return number;
  return map(number, { is: 'double' }, toDouble);
}

export function asDecimal(node: Node): Node {
  const number = asNumber(node);
  if (number.type.is !== 'integer') return number.type.is === 'double' ? UNKNOWN : number;
  return map(number, { is: 'decimal' }, toDecimal);
}

/** TRUE and FALSE of the value: 1 and 0. */
export function asBoolean(node: Node): Node {
  if (node.truth === true) return node;
  if (node.type.is === 'quotient') {
    const zero = Decimal.of(0);
    return map(node, INTEGER, (value) => {
      const order = (value as Quotient).compare(zero);
      return order === undefined ? undefined : order === 0 ? 0 : 1;
    });
  }
  const number = asNumber(node);
  switch (number.type.is) {
    case 'null':
    case 'unknown':
      return number;
    case 'decimal':
      return map(number, INTEGER, (value) => ((value as Decimal).digits === 0n ? 0 : 1));
    default:
      return map(number, INTEGER, (value) => (Number(value) === 0 ? 0 : 1));
  }
}

/** The value as text. What servers print of DOUBLE depends on how they came to it: not known here. */
export function asText(node: Node): Node {
  const { type } = node;
  const plain: TextType = { is: 'text', strength: Strength.converted };
  switch (type.is) {
    case 'text':
    case 'null':
      return node;
    case 'integer':
      return map(node, plain, String);
    case 'decimal':
      // A column's text has its own digits; those of a result depend on the types of its parts.
      return node.column === undefined ? UNKNOWN : map(node, plain, String);
    case 'date':
      return map(node, plain, (value) => value);
    case 'datetime':
      return node.column === undefined ? UNKNOWN : map(node, plain, (value) => value);
    case 'time': {
      const { digits } = type;
      return map(node, plain, (value) => timeText(value as number, digits));
    }
    default:
      return UNKNOWN;
  }
}

/** A date or datetime in full form; texts only where all servers read them alike. */
export function asDatetime(node: Node): Node {
  const { type } = node;
  const full: SqlType = { is: 'datetime', digits: 6 };
  if (type.is === 'null') return node;
  if (type.is === 'date' || type.is === 'datetime') return map(node, full, (value) => fullForm(value as string));
  if (type.is === 'text') return map(node, full, (value) => parseDatetime(value as string));
  return UNKNOWN;
}
