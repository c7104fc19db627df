const DIGITS_PER_GROUP = 9;
const GROUP_BYTES = 4;
/** Bytes that 0..9 digits take. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/** Bytes of a packed DECIMAL(precision, scale). */
export function decimalLength(precision: number, scale: number): number {
  return partLength(precision - scale) + partLength(scale);
}

function partLength(digits: number): number {
  return Math.floor(digits / DIGITS_PER_GROUP) * GROUP_BYTES + BYTES_OF_DIGITS[digits % DIGITS_PER_GROUP];
}

/**
 * Text of a packed DECIMAL as the server prints it: all digits of the scale, at least one before the point. The packed
 * form is groups of nine digits in four bytes big-endian, the first bit inverted, all bits inverted when negative.
 */
export function readDecimal(bytes: Buffer, start: number, precision: number, scale: number): string {
  const negative = (bytes[start] & 0x80) === 0;
  const mask = negative ? 0xff : 0;
  const integral = precision - scale;
  let pos = start;
  // The inverted first bit belongs to the first byte alone, whatever group that byte is in.
  const group = (length: number): number => {
    let value = 0;
    for (let index = 0; index < length; index++, pos++) {
      const byte = bytes[pos] ^ mask;
      value = value * 256 + (pos === start ? byte ^ 0x80 : byte);
    }
    return value;
  };
  let whole = '';
  const leading = integral % DIGITS_PER_GROUP;
  if (leading > 0) whole = nonZero(group(BYTES_OF_DIGITS[leading]));
  for (let digits = integral - leading; digits > 0; digits -= DIGITS_PER_GROUP) {
    const value = group(GROUP_BYTES);
    whole = whole === '' ? nonZero(value) : whole + String(value).padStart(DIGITS_PER_GROUP, '0');
  }
  let text = `${negative ? '-' : ''}${whole === '' ? '0' : whole}`;
  if (scale === 0) return text;
  text += '.';
  let digits = scale;
  for (; digits >= DIGITS_PER_GROUP; digits -= DIGITS_PER_GROUP) {
    text += String(group(GROUP_BYTES)).padStart(DIGITS_PER_GROUP, '0');
  }
  if (digits > 0) text += String(group(BYTES_OF_DIGITS[digits])).padStart(digits, '0');
  return text;
}

function nonZero(value: number): string {
  return value === 0 ? '' : String(value);
}
