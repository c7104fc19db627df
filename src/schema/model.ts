/**
 * The one table model of the product: dump, load, sync, checks and operate-schema all use it. Plain data, JSON-safe, so
 * that a structure can be stored with its checkpoint and read back equal.
 */

/** A column as the server would describe it, with the defaults of table and database resolved. */
export interface Column {
  name: string;
  /** Base type in lower case, synonyms resolved: `int`, `bigint`, `decimal`, `varchar`, `enum`, `json`, `uuid`... */
  type: string;
  /** Whole type as `information_schema.COLUMNS.COLUMN_TYPE` prints it, e.g. `int(10) unsigned`, `enum('a','b')`. */
  columnType: string;
  unsigned: boolean;
  zerofill: boolean;
  /** Length, display width, precision or fractional seconds: the first number of the type. */
  length?: number;
  /** The second number of the type. */
  decimals?: number;
  /** Members of ENUM and SET, in order, unquoted. */
  members?: string[];
  /** Only of types that have one. */
  charset?: string;
  collation?: string;
  nullable: boolean;
  /** Absent = no default. */
  default?: ColumnDefault;
  /** Fractional digits of `ON UPDATE CURRENT_TIMESTAMP`, when the column has it. */
  onUpdate?: string;
  /** MySQL: CURRENT_TIMESTAMP was dropped as default, which a later ALTER TABLE does not give back by itself. */
  timeDropped?: true;
  autoIncrement: boolean;
  generated?: { kind: 'VIRTUAL' | 'STORED'; expression: string };
  invisible: boolean;
  srid?: number;
  comment?: string;
}

/** `DEFAULT` of a column. */
export type ColumnDefault =
  { kind: 'null' } | { kind: 'literal'; value: string } | { kind: 'expression'; text: string };

export type IndexKind = 'PRIMARY' | 'UNIQUE' | 'INDEX' | 'FULLTEXT' | 'SPATIAL';

/** One part of an index: a column (maybe a prefix of it) or an expression. */
export interface IndexPart {
  column?: string;
  expression?: string;
  /** Prefix length, in characters for text and bytes for binary columns. */
  length?: number;
  descending?: boolean;
}

export interface Index {
  /** `PRIMARY` for the primary key. */
  name: string;
  kind: IndexKind;
  parts: IndexPart[];
  invisible: boolean;
  /** Made by the server for a foreign key: it gives way to a later index that begins with its columns. */
  generated?: boolean;
}

export interface ForeignKey {
  name: string;
  columns: string[];
  refSchema: string;
  refTable: string;
  refColumns: string[];
  onDelete?: string;
  onUpdate?: string;
}

/** A CHECK constraint. */
export interface Check {
  name: string;
  expression: string;
  enforced: boolean;
  /** MariaDB: the column whose definition holds the check; the check goes and changes with it. */
  column?: string;
}

/** A base table. */
export interface Table {
  schema: string;
  name: string;
  columns: Column[];
  indexes: Index[];
  foreignKeys: ForeignKey[];
  checks: Check[];
  charset: string;
  collation: string;
  /** Other table options as written (`ENGINE`, `ROW_FORMAT`, `COMMENT`...), upper-case name to text. */
  options: Record<string, string>;
  /** Text of the `PARTITION BY` clause. */
  partitioning?: string;
}

/** Whether the server stores the column's value from an expression; such a column is never named in an INSERT. */
export function isGenerated(column: Column): boolean {
  return column.generated !== undefined;
}

/** Table option of MariaDB's tables that keep their history. */
export const SYSTEM_VERSIONING = 'WITH SYSTEM VERSIONING';

/** Whether the table keeps its history (MariaDB): its rows in the binlog then have columns and changes of their own. */
export function isSystemVersioned(table: Table): boolean {
  return table.options[SYSTEM_VERSIONING] !== undefined;
}
