/** Sequence numbers from `first` to `last`, both included. */
export interface SeqRange {
  first: number;
  last: number;
}

/**
 * Encodes ascending sequence numbers: for each run of neighbours the distance from the run before and its length, as
 * base-128 numbers. A batch of a bulk insert takes a few bytes, one of scattered rows one to two bytes a row.
 */
export function encodeSeqs(seqs: readonly number[]): Buffer {
  const bytes: number[] = [];
  let previous = 0;
  for (let i = 0; i < seqs.length;) {
    const first = seqs[i] ?? 0;
    let length = 1;
    while (seqs[i + length] === first + length) length++;
    writeNumber(bytes, first - previous);
    writeNumber(bytes, length - 1);
    previous = first + length - 1;
    i += length;
  }
  return Buffer.from(bytes);
}

/**
 * Reads what {@link encodeSeqs} wrote.
 *
 * @throws RangeError when the bytes end inside a number
 */
export function decodeSeqs(encoded: Buffer): SeqRange[] {
  const ranges: SeqRange[] = [];
  let offset = 0;
  let previous = 0;
  const next = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = encoded.readUInt8(offset++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  };
  while (offset < encoded.length) {
    const first = previous + next();
    const last = first + next();
    ranges.push({ first, last });
    previous = last;
  }
  return ranges;
}

/** A fixed set of sequence numbers, asked in ascending order: as cheap as a comparison while nothing is in it. */
export class SeqSet {
  readonly #ranges: SeqRange[];
  #next = 0;

  constructor(ranges: readonly SeqRange[]) {
    this.#ranges = mergeRanges(ranges);
  }

  /** Whether `seq` is in the set. `seq` must not be lower than in any call before. */
  has(seq: number): boolean {
    for (;;) {
      const range = this.#ranges[this.#next];
      if (range === undefined || seq < range.first) return false;
      if (seq <= range.last) return true;
      this.#next++;
    }
  }

  /** The highest number, 0 when empty. */
  get max(): number {
    return this.#ranges.at(-1)?.last ?? 0;
  }
}

/** The same numbers as few ascending ranges that do not touch. */
export function mergeRanges(ranges: readonly SeqRange[]): SeqRange[] {
  const sorted = ranges.map(({ first, last }) => ({ first, last })).sort((a, b) => a.first - b.first);
  const merged: SeqRange[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else merged.push(range);
  }
  return merged;
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}
