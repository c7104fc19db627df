import { decodeText, isUtf8Charset } from '../../mysql/charset.js';
import type { Column } from '../../schema/model.js';
import type { CellValue, RowImage } from '../../sync/events.js';
import type { BoundColumn } from './columns.js';
import { Decimal } from './decimal.js';
import { enumText, setText } from './members.js';
import { INTEGER, Strength, UNKNOWN, UNSIGNED, integer, type Node, type Scalar, type SqlType } from './node.js';
import { parseTime } from './temporal.js';

/** Reads a column's value from a row image. A value that the image does not hold is not known here. */
export function columnNode({ column, at }: BoundColumn): Node {
  const node = (type: SqlType, read?: (value: NonNullable<CellValue>) => Scalar): Node => ({
    type,
    column: column.type,
    run: reader(at, read),
  });
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return node(column.unsigned ? UNSIGNED : INTEGER, integerValue);
    case 'year':
      return node(UNSIGNED, integerValue);
    case 'bit':
      return { ...UNKNOWN, presence: reader(at, () => 1), number: node(UNSIGNED, integerValue) };
    case 'decimal':
      return node({ is: 'decimal' }, (value) => (typeof value === 'string' ? Decimal.parse(value) : undefined));
    case 'float':
      return node({ is: 'double' }, (value) => (typeof value === 'number' ? Math.fround(value) : undefined));
    case 'double':
      return node({ is: 'double' }, (value) => (typeof value === 'number' ? value : undefined));
    case 'date':
      return node({ is: 'date' });
    case 'datetime':
    case 'timestamp':
      return node({ is: 'datetime', digits: column.length ?? 0 });
    case 'time':
      return node({ is: 'time', digits: column.length ?? 0 }, (value) =>
        typeof value === 'string' ? parseTime(value) : undefined,
      );
    default:
      return textColumn(column, at);
  }
}

const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']);
const BYTES_TYPES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

function textColumn(column: Column, at: number): Node {
  if (BYTES_TYPES.has(column.type)) {
    return {
      type: { is: 'bytes' },
      column: column.type,
      run: reader(at, (value) => (Buffer.isBuffer(value) ? value : undefined)),
    };
  }
  // JSON, spatial and network types: only whether they are NULL is known.
  if (!TEXT_TYPES.has(column.type)) return { ...UNKNOWN, presence: reader(at, () => 1) };
  const { collation, charset = 'utf8mb4' } = column;
  const type: SqlType = {
    is: 'text',
    strength: Strength.column,
    charset,
    ...(collation !== undefined && { collation }),
  };
  if (column.type === 'enum' || column.type === 'set') {
    const read = column.type === 'enum' ? enumText : setText;
    const number: Node = { type: { is: 'double' }, run: reader(at, integerValue) };
    return { type, column: column.type, number, run: reader(at, (value) => read(column, value)) };
  }
  return { type, column: column.type, run: reader(at, isUtf8Charset(charset) ? utf8Value : decodedValue) };
}

function reader(at: number, read?: (value: NonNullable<CellValue>) => Scalar): Node['run'] {
  return (image: RowImage) => {
    const value = image[at];
    if (value === null || value === undefined) return value;
    if (read !== undefined) return read(value);
    return typeof value === 'string' ? value : undefined;
  };
}

/** Integers come as bigint (BIT, SET) or number (all else that is safe). */
function integerValue(value: NonNullable<CellValue>): Scalar {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? integer(value) : undefined;
}

function utf8Value(value: NonNullable<CellValue>): Scalar {
  return typeof value === 'string' ? value : undefined;
}

function decodedValue(value: NonNullable<CellValue>): Scalar {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return undefined;
  try {
    return decodeText(value.bytes, value.charset);
  } catch {
    // Bytes that are no text in their charset: the server knows how it compares them.
    return undefined;
  }
}
