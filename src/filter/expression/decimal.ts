/** An exact decimal number: `digits / 10^scale`. */
export class Decimal {
  readonly digits: bigint;
  readonly scale: number;

  constructor(digits: bigint, scale: number) {
    this.digits = digits;
    this.scale = scale;
  }

  /** Reads a plain decimal number, as servers print DECIMAL. */
  static parse(text: string): Decimal {
    const point = text.indexOf('.');
    if (point < 0) return new Decimal(BigInt(text), 0);
    return new Decimal(BigInt(text.slice(0, point) + text.slice(point + 1)), text.length - point - 1);
  }

  static of(value: number | bigint): Decimal {
    return new Decimal(BigInt(value), 0);
  }

  toString(): string {
    const negative = this.digits < 0n;
    const text = String(negative ? -this.digits : this.digits).padStart(this.scale + 1, '0');
    const point = text.length - this.scale;
    const plain = this.scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
    return negative ? `-${plain}` : plain;
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** The digits as if written with `scale` digits behind the point, which must not be fewer. */
  scaledTo(scale: number): bigint {
    return scale === this.scale ? this.digits : this.digits * power(scale - this.scale);
  }

  /** Rounded half away from zero to `scale` digits behind the point. */
  round(scale: number): Decimal {
    if (scale >= this.scale) return new Decimal(this.scaledTo(scale), scale);
    const unit = power(this.scale - scale);
    const half = this.digits < 0n ? -unit / 2n : unit / 2n;
    return new Decimal((this.digits + half) / unit, scale);
  }

  floor(): bigint {
    const unit = power(this.scale);
    const whole = this.digits / unit;
    return this.digits < 0n && whole * unit !== this.digits ? whole - 1n : whole;
  }

  ceiling(): bigint {
    return -new Decimal(-this.digits, this.scale).floor();
  }

  /** Towards zero. */
  truncate(): bigint {
    return this.digits / power(this.scale);
  }
}

const POWERS: bigint[] = [1n];

function power(exponent: number): bigint {
  for (let known = POWERS.length; known <= exponent; known++) POWERS.push((POWERS[known - 1] ?? 1n) * 10n);
  return POWERS[exponent] ?? 1n;
}

/** Digits and fraction that the servers' type holds. */
const MAX_DIGITS = 65;
const MAX_SCALE = 30;

/** A result if the servers' type holds it; how they cut or fail beyond is left to them. */
export function limited(value: Decimal): Decimal | undefined {
  const { digits, scale } = value;
  if (scale > MAX_SCALE || (digits < 0n ? -digits : digits) >= power(MAX_DIGITS)) return undefined;
  return value;
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.scaledTo(scale);
  const right = b.scaledTo(scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function addDecimals(a: Decimal, b: Decimal, sign: 1n | -1n): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return new Decimal(a.scaledTo(scale) + sign * b.scaledTo(scale), scale);
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return new Decimal(a.digits * b.digits, a.scale + b.scale);
}

/** Remainder with the sign of the dividend; `b` must not be zero. */
export function remainder(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return new Decimal(a.scaledTo(scale) % b.scaledTo(scale), scale);
}

/** Whole quotient, towards zero; `b` must not be zero. */
export function wholeQuotient(a: Decimal, b: Decimal): bigint {
  const scale = Math.max(a.scale, b.scale);
  return a.scaledTo(scale) / b.scaledTo(scale);
}

/** Digits by which a quotient extends the dividend's. */
const INCREMENT = 4;

/**
 * A quotient. Servers cut or round one that does not end, at places of their own: then only bounds are known.
 */
export class Quotient {
  /** The exact value, or the bound towards zero. */
  readonly value: Decimal;
  readonly exact: boolean;

  constructor(value: Decimal, exact: boolean) {
    this.value = value;
    this.exact = exact;
  }

  /** undefined when `other` is too near to tell. */
  compare(other: Decimal): number | undefined {
    const { digits, scale } = this.value;
    if (this.exact) return compareDecimals(this.value, other);
    const low = compareDecimals(new Decimal(digits - 2n, scale), other);
    const high = compareDecimals(new Decimal(digits + 2n, scale), other);
    return low === high ? low : undefined;
  }
}

/** Quotient of exact numbers; `b` must not be zero. */
export function divideDecimals(a: Decimal, b: Decimal): Quotient {
  const scale = a.scale + INCREMENT;
  const dividend = a.digits * power(INCREMENT + b.scale);
  return new Quotient(new Decimal(dividend / b.digits, scale), dividend % b.digits === 0n);
}
