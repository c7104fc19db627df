import type { Column } from '../../schema/model.js';
import type { CellValue } from '../../sync/events.js';

/** Text of an ENUM's value; index 0 is the empty text that stands for an invalid one. */
export function enumText(column: Column, value: CellValue): string | null {
  return value === null ? null : (column.members?.[Number(value) - 1] ?? '');
}

/** Text of a SET's value: its members, separated by commas. */
export function setText(column: Column, value: CellValue): string | null {
  if (value === null || value === undefined) return null;
  const mask = BigInt(value as number | bigint);
  return (column.members ?? []).filter((_, bit) => (mask >> BigInt(bit)) & 1n).join(',');
}
