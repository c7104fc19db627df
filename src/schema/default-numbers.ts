/** Digits from which on MySQL prints a DOUBLE with an exponent. */
const MAX_FIXED_DIGITS = 15;

/**
 * A decimal number rounded half away from zero to `scale` digits, as DECIMAL columns keep it. Exact for any length;
 * undefined when the text is not a number.
 */
export function roundDecimal(text: string, scale: number): string | undefined {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?/.exec(text);
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return undefined;
  const negative = match[1] === '-';
  const digits = `${match[2]}${match[3] ?? ''}`;
  // Value = digits * 10^exponent; scaled to a whole number of units of the last digit kept.
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length + scale;
  let units: bigint;
  if (exponent >= 0) {
    units = BigInt(digits) * 10n ** BigInt(Math.min(exponent, 400));
  } else if (-exponent > digits.length + 1) {
    units = 0n;
  } else {
    const divisor = 10n ** BigInt(-exponent);
    units = (BigInt(digits) * 2n + divisor) / (divisor * 2n);
  }
  const whole = units.toString().padStart(scale + 1, '0');
  const body = scale === 0 ? whole : `${whole.slice(0, -scale)}.${whole.slice(-scale)}`;
  return negative && units !== 0n ? `-${body}` : body;
}

/** A FLOAT or DOUBLE as the server prints it; the numbers of the (M,D) form, when there are any. */
export function formatFloating(
  text: string,
  single: boolean,
  length: number | undefined,
  decimals: number | undefined,
): string | undefined {
  const value = Number(text.trim() === '' ? Number.NaN : text);
  if (Number.isNaN(value)) return undefined;
  if (length !== undefined && decimals !== undefined) {
    const rounded = roundFloating(value, decimals);
    const most = 10 ** (length - decimals) - 10 ** -decimals;
    return Math.max(-most, Math.min(most, rounded)).toFixed(decimals);
  }
  const shortest = single ? shortestSingle(value) : value;
  return formatShortest(shortest);
}

/** As the servers round FLOAT(M,D): the fraction alone, in binary, halves to the even neighbour. */
function roundFloating(value: number, decimals: number): number {
  const unit = 10 ** decimals;
  const whole = Math.floor(value);
  const scaled = (value - whole) * unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return whole + (up ? floor + 1 : floor) / unit;
}

/** The double with the fewest digits that reads back as the same single. */
function shortestSingle(value: number): number {
  const single = Math.fround(value);
  for (let precision = 6; precision <= 9; precision++) {
    const candidate = Number(single.toPrecision(precision));
    if (Math.fround(candidate) === single) return candidate;
  }
  return single;
}

function formatShortest(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponentText) + 1;
  const sign = value < 0 ? '-' : '';
  if (point > MAX_FIXED_DIGITS || point < 1 - MAX_FIXED_DIGITS) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits.slice(0, 1)}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
