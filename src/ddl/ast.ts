/**
 * What the reader makes of a statement. Plain data. Every part carries its span: offsets (UTF-16 code units) into
 * {@link Statement.text}, `end` behind the last character, so that rewriting replaces spans and leaves all else as is.
 */

/** Which server wrote the statement; decides about versioned comments and the words of one product only. */
export type Flavor = 'mysql' | 'mariadb' | 'tidb';

export interface Span {
  start: number;
  end: number;
}

/** An identifier; `name` is without quotes. */
export interface Ident extends Span {
  name: string;
}

/** Table, view or sequence name. `schema` is absent when the statement does not say it. */
export interface ObjectName extends Span {
  schema?: Ident;
  table: Ident;
}

export type ObjectType = 'table' | 'view' | 'sequence' | 'database' | 'other';

/**
 * Why an object is named.
 * - `target`: what the statement is about; all of a DROP/TRUNCATE list; the old name of a rename
 * - `new-name`: behind RENAME TO
 * - `like`, `references`, `exchange`, `union`: the other table of that clause
 * - `convert`: the table of MariaDB's CONVERT PARTITION p TO TABLE / CONVERT TABLE t TO PARTITION
 * - `sequence`: a sequence in a column's default
 * - `qualifier`: `t.` or `s.t.` before a column name in an expression of the statement; its span includes the last dot
 */
export type ObjectRole =
  'target' | 'new-name' | 'like' | 'references' | 'exchange' | 'union' | 'convert' | 'sequence' | 'qualifier';

/** One place where the statement names a database or table, in order of the text. */
export interface NamedObject extends Span {
  type: ObjectType;
  role: ObjectRole;
  /** In full as the server would resolve it; empty when there is neither a written nor a default schema. */
  schema: string;
  /** Empty for databases. */
  name: string;
  /** Whether the schema is written in the statement. */
  qualified: boolean;
}

/** What all statements carry. The span leaves out surrounding blanks, comments and the final `;`. */
export interface StatementBase extends Span {
  /** Whole input. */
  text: string;
  /** Default schema it was read with; empty when unknown. */
  defaultSchema: string;
  /** As it was read; what the rewriter puts in follows the same quoting rules. */
  dialect: Dialect;
  objects: NamedObject[];
  /** Versioned comments that were read as code (both markers) and those that were not (whole). */
  comments: VersionedComment[];
  /** Parts that only mean something to the server that wrote them; the rewriter leaves them out. */
  dropped: Span[];
}

/** `active`: opening and closing marker of a comment whose inside is code. Otherwise the whole comment is one span. */
export interface VersionedComment {
  active: boolean;
  open: Span;
  /** Only when active. */
  close?: Span;
}

/** How text is to be read. */
export interface Dialect {
  flavor: Flavor;
  /** As MySQL numbers versions: 50744, 80036, 90700, 101106. */
  serverVersion: number;
  ansiQuotes: boolean;
  noBackslashEscapes: boolean;
  /** sql_mode REAL_AS_FLOAT. */
  realAsFloat: boolean;
  /** MariaDB's sql_mode ORACLE: other type names. */
  oracle: boolean;
}

// ---------------------------------------------------------------------------------------------------- columns

/** Data type, synonyms resolved. */
export interface DataType extends Span {
  /**
   * Base type in lower case, synonyms resolved to what information_schema.COLUMNS.DATA_TYPE says: INTEGER, INT4 -> int,
   * INT1/BOOL -> tinyint, MIDDLEINT -> mediumint, DEC, FIXED, NUMERIC -> decimal, REAL, DOUBLE PRECISION, FLOAT8 ->
   * double (REAL -> float under REAL_AS_FLOAT), FLOAT(25..53) -> double, CHARACTER VARYING, NVARCHAR... -> varchar,
   * NCHAR -> char, LONG, LONG VARCHAR -> mediumtext, LONG VARBINARY -> mediumblob, CHAR BYTE -> binary,
   * TEXT(n)/BLOB(n) stay text/blob with `length` n (which of the family it is depends on the charset), SERIAL -> bigint,
   * GEOMETRYCOLLECTION/GEOMCOLLECTION -> geomcollection (mysql >= 8) or geometrycollection, JSON stays json (MariaDB
   * shows longtext with a check).
   */
  name: string;
  /** The words as written, upper case, one blank between: `DOUBLE PRECISION`, `NATIONAL VARCHAR`, `BOOL`. */
  written: string;
  /** First number: length, display width, precision or fractional digits. BOOL gives 1. */
  length?: number;
  /** Second number. */
  decimals?: number;
  /** Members of ENUM and SET without quotes, trailing blanks removed as servers do. */
  members?: string[];
  /** True also for ZEROFILL and SERIAL. */
  unsigned: boolean;
  zerofill: boolean;
  /** CHARACTER SET, lower case (`ASCII` -> latin1, `UNICODE` -> ucs2, NATIONAL -> utf8mb3); `default` for DEFAULT. */
  charset?: string;
  /** Attribute BINARY of a text type: the `_bin` collation of its charset. */
  binaryCollation: boolean;
  /** SERIAL: BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE. */
  serial: boolean;
  /** MariaDB's COMPRESSED where it stands before CHARACTER SET; behind it, it is one of the column's options. */
  compressed?: boolean;
}

/** `DEFAULT` of a column; `text` is always the source text behind DEFAULT. */
export type DefaultClause = Span & { text: string } & (
    | { kind: 'null' }
    /** Quoted text, unescaped; also N'..' and introducers (`charset` then says which). */
    | { kind: 'string'; value: string; charset?: string }
    /** As written, with sign: `-1`, `1.50`, `1e3`. */
    | { kind: 'number'; value: string }
    /** Hexadecimal digits of x'..' and 0x.. (even count), binary digits of b'..' and 0b... */
    | { kind: 'hex'; value: string; charset?: string }
    | { kind: 'bit'; value: string; charset?: string }
    | { kind: 'boolean'; value: boolean }
    /** DATE '..', TIME '..', TIMESTAMP '..' and the ODBC forms: the text between the quotes. */
    | { kind: 'temporal'; type: 'date' | 'time' | 'timestamp'; value: string }
    /** CURRENT_TIMESTAMP and its synonyms (NOW(), LOCALTIME, LOCALTIMESTAMP); fractional digits, 0 if none. */
    | { kind: 'current-timestamp'; digits: number }
    /** Everything else: parenthesised expressions, MariaDB's bare functions, NEXT VALUE FOR. */
    | { kind: 'expression' }
  );

/** GENERATED ALWAYS AS (..); `row-start` and `row-end` are MariaDB's system versioning columns. */
export type GeneratedClause = Span & { stored: boolean } & (
    | { kind: 'expression'; /** Text between the parentheses. */ expression: string }
    | { kind: 'row-start' }
    | { kind: 'row-end' }
  );

export interface ColumnDefinition extends Span {
  element: 'column';
  /** ADD COLUMN IF NOT EXISTS, CREATE TABLE never. */
  ifNotExists: boolean;
  /** A name written as `t.c` or `s.t.c` keeps the last part; the rest is an object of role `qualifier`. */
  name: Ident;
  type: DataType;
  /** COLLATE, lower case. */
  collation?: string;
  /** NULL -> true, NOT NULL -> false, absent when not said. The last one wins, as in servers. */
  nullable?: boolean;
  default?: DefaultClause;
  /** Fractional digits of ON UPDATE CURRENT_TIMESTAMP. */
  onUpdate?: { digits: number };
  autoIncrement: boolean;
  /** TiDB's AUTO_RANDOM[(n[, m])]. */
  autoRandom: boolean;
  generated?: GeneratedClause;
  /** Inline `[PRIMARY] KEY`. */
  primaryKey: boolean;
  /** Inline `UNIQUE [KEY]` or SERIAL DEFAULT VALUE. */
  unique: boolean;
  checks: CheckDefinition[];
  references?: ReferencesClause;
  /** INVISIBLE -> true, VISIBLE -> false. */
  invisible?: boolean;
  comment?: string;
  srid?: number;
  /** WITHOUT / WITH SYSTEM VERSIONING of MariaDB. */
  systemVersioning?: boolean;
  /** COLUMN_FORMAT, STORAGE, ENGINE_ATTRIBUTE, COMPRESSED...: upper-case name to text ('' when it has no value). */
  options: Record<string, string>;
}

/** FIRST / AFTER c. */
export type ColumnPosition = Span & ({ first: true } | { first: false; after: Ident });

// ---------------------------------------------------------------------------------------------------- keys

export type IndexDefinitionKind = 'PRIMARY' | 'UNIQUE' | 'INDEX' | 'FULLTEXT' | 'SPATIAL' | 'VECTOR';

export interface IndexPartDefinition extends Span {
  /** Exactly one of `column` and `expression` (text between its parentheses) is set. */
  column?: Ident;
  expression?: string;
  /** Prefix length. */
  length?: number;
  descending: boolean;
}

export interface IndexDefinition extends Span {
  element: 'index';
  kind: IndexDefinitionKind;
  /** Index name, else the name behind CONSTRAINT; absent when the server chooses (PRIMARY has none). */
  name?: Ident;
  ifNotExists: boolean;
  parts: IndexPartDefinition[];
  /** BTREE, HASH, RTREE, upper case. */
  using?: string;
  /** INVISIBLE and MariaDB's IGNORED -> true; VISIBLE, NOT IGNORED -> false. */
  invisible?: boolean;
  /** MariaDB: the period of `p WITHOUT OVERLAPS`. */
  withoutOverlaps?: Ident;
  /** TiDB: CLUSTERED / NONCLUSTERED. */
  clustered?: boolean;
  comment?: string;
  /** KEY_BLOCK_SIZE, WITH PARSER (`PARSER`), ENGINE_ATTRIBUTE...: upper-case name to text. */
  options: Record<string, string>;
}

export type ReferenceAction = 'RESTRICT' | 'CASCADE' | 'SET NULL' | 'NO ACTION' | 'SET DEFAULT';

export interface ReferencesClause extends Span {
  table: ObjectName;
  /** Empty when not written. */
  columns: Ident[];
  match?: string;
  onDelete?: ReferenceAction;
  onUpdate?: ReferenceAction;
}

export interface ForeignKeyDefinition extends Span {
  element: 'foreign-key';
  /** Behind CONSTRAINT. */
  constraint?: Ident;
  /** Behind FOREIGN KEY. */
  indexName?: Ident;
  ifNotExists: boolean;
  columns: Ident[];
  references: ReferencesClause;
}

export interface CheckDefinition extends Span {
  element: 'check';
  name?: Ident;
  ifNotExists: boolean;
  /** Text between the parentheses. */
  expression: string;
  enforced: boolean;
}

/** MariaDB: PERIOD FOR name (start, end); the name of the versioning period is `SYSTEM_TIME`. */
export interface PeriodDefinition extends Span {
  element: 'period';
  name: Ident;
  ifNotExists: boolean;
  from: Ident;
  to: Ident;
}

export type TableElement =
  ColumnDefinition | IndexDefinition | ForeignKeyDefinition | CheckDefinition | PeriodDefinition;

/**
 * A table or database option. `name` is upper case with one blank between words and one spelling for synonyms:
 * `CHARACTER SET` (also CHARSET, DEFAULT CHARACTER SET), `COLLATE`, `ENGINE` (also TYPE), `AUTO_INCREMENT`, `COMMENT`,
 * `ROW_FORMAT`, `TABLESPACE`, `UNION`, `WITH SYSTEM VERSIONING`...
 */
export interface TableOption extends Span {
  name: string;
  /** Value without quotes; words as written; charset and collation in lower case. */
  value: string;
}

/** PARTITION BY ...: kept as text, with the basics. */
export interface Partitioning extends Span {
  /** From PARTITION to the end of the clause. */
  text: string;
  method: 'RANGE' | 'LIST' | 'HASH' | 'KEY' | 'SYSTEM_TIME';
  linear: boolean;
  /** Columns of KEY(..) and RANGE/LIST COLUMNS(..). */
  columns: Ident[];
  /** Text between the parentheses of RANGE/LIST/HASH(expr). */
  expression?: string;
  /** PARTITIONS n. */
  count?: number;
  /** Names of the partitions that are listed. */
  partitions: Ident[];
}

// ---------------------------------------------------------------------------------------------------- statements

export interface CreateTable extends StatementBase {
  kind: 'create-table';
  table: ObjectName;
  temporary: boolean;
  orReplace: boolean;
  ifNotExists: boolean;
  /** CREATE TABLE t LIKE u (with or without parentheses). The other parts are then empty. */
  like?: ObjectName;
  /** [AS] SELECT / VALUES / TABLE ...: the query's span, not read. The table then has columns the text does not tell. */
  select?: Span;
  /** START TRANSACTION at the end: written by the server for an atomic CREATE ... SELECT; `select` is absent then. */
  startTransaction: boolean;
  /** In order of the text. */
  elements: TableElement[];
  options: TableOption[];
  partitioning?: Partitioning;
}

/** What one clause of ALTER TABLE does. */
export type AlterClause = Span &
  (
    | {
        action: 'add';
        /** ADD (a INT, b INT, KEY (a)) gives several; position only with a single column without parentheses. */
        elements: TableElement[];
        parenthesised: boolean;
        position?: ColumnPosition;
      }
    | { action: 'modify-column'; column: ColumnDefinition; position?: ColumnPosition; ifExists: boolean }
    | { action: 'change-column'; from: Ident; column: ColumnDefinition; position?: ColumnPosition; ifExists: boolean }
    | { action: 'rename-column'; from: Ident; to: Ident; ifExists: boolean }
    | { action: 'set-default'; column: Ident; default: DefaultClause; ifExists: boolean }
    | { action: 'drop-default'; column: Ident; ifExists: boolean }
    | { action: 'set-column-visibility'; column: Ident; invisible: boolean }
    | { action: 'drop-column'; column: Ident; ifExists: boolean }
    | { action: 'drop-index'; name: Ident; ifExists: boolean }
    | { action: 'drop-primary-key'; ifExists: boolean }
    | { action: 'drop-foreign-key'; name: Ident; ifExists: boolean }
    /** DROP CONSTRAINT: a check, foreign key, unique or primary key of that name. */
    | { action: 'drop-constraint'; name: Ident; ifExists: boolean }
    | { action: 'drop-check'; name: Ident; ifExists: boolean }
    | { action: 'drop-period'; name: Ident; ifExists: boolean }
    | { action: 'rename-index'; from: Ident; to: Ident; ifExists: boolean }
    | { action: 'set-index-visibility'; name: Ident; invisible: boolean; ifExists: boolean }
    | { action: 'set-check-enforced'; name: Ident; enforced: boolean }
    | { action: 'rename-table'; to: ObjectName }
    /** `charset` is lower case; `default` for DEFAULT. */
    | { action: 'convert-charset'; charset: string; collation?: string }
    /** One or more options without comma between. */
    | { action: 'options'; options: TableOption[] }
    | { action: 'order-by' }
    | { action: 'set-keys'; enabled: boolean }
    | { action: 'system-versioning'; add: boolean }
    | { action: 'partition-by'; partitioning: Partitioning }
    | { action: 'remove-partitioning' }
    | {
        action: 'partition';
        operation:
          | 'add'
          | 'drop'
          | 'truncate'
          | 'coalesce'
          | 'reorganize'
          | 'exchange'
          | 'analyze'
          | 'check'
          | 'optimize'
          | 'rebuild'
          | 'repair'
          | 'discard'
          | 'import'
          | 'convert-to-table'
          | 'convert-from-table'
          | 'other';
        /** Empty for ALL and where none is named. */
        partitions: Ident[];
        /** The other table of EXCHANGE and CONVERT. */
        table?: ObjectName;
      }
    /** ALGORITHM, LOCK, WITH/WITHOUT VALIDATION, NOWAIT, WAIT n: how to do it; they change nothing of the table. */
    | { action: 'hint'; name: string; value: string }
    /** FORCE, DISCARD/IMPORT TABLESPACE, SECONDARY_LOAD, TiDB's SET TIFLASH REPLICA...: nothing of the structure. */
    | { action: 'storage'; name: string }
  );

export interface AlterTable extends StatementBase {
  kind: 'alter-table';
  table: ObjectName;
  /** MariaDB: ALTER TABLE IF EXISTS. */
  ifExists: boolean;
  clauses: AlterClause[];
}

export interface DropTable extends StatementBase {
  kind: 'drop-table';
  tables: ObjectName[];
  temporary: boolean;
  ifExists: boolean;
}

export interface RenameTable extends StatementBase {
  kind: 'rename-table';
  /** Span of a pair covers both names. */
  pairs: (Span & { from: ObjectName; to: ObjectName })[];
  ifExists: boolean;
}

export interface TruncateTable extends StatementBase {
  kind: 'truncate-table';
  /** One; servers take no list. */
  table: ObjectName;
}

export interface CreateIndex extends StatementBase {
  kind: 'create-index';
  table: ObjectName;
  orReplace: boolean;
  index: IndexDefinition;
}

export interface DropIndex extends StatementBase {
  kind: 'drop-index';
  table: ObjectName;
  /** `PRIMARY` drops the primary key. */
  name: Ident;
  ifExists: boolean;
}

export interface CreateDatabase extends StatementBase {
  kind: 'create-database';
  name: Ident;
  orReplace: boolean;
  ifNotExists: boolean;
  options: TableOption[];
}

export interface AlterDatabase extends StatementBase {
  kind: 'alter-database';
  /** Absent: the default schema. */
  name?: Ident;
  options: TableOption[];
}

export interface DropDatabase extends StatementBase {
  kind: 'drop-database';
  name: Ident;
  ifExists: boolean;
}

/** CREATE / ALTER / DROP of a view or a sequence. */
export interface ViewOrSequence extends StatementBase {
  kind: 'create-view' | 'alter-view' | 'drop-view' | 'create-sequence' | 'alter-sequence' | 'drop-sequence';
  names: ObjectName[];
  /** IF EXISTS or IF NOT EXISTS. */
  conditional: boolean;
}

/** Statement that is known by its kind only. */
export interface OtherStatement extends StatementBase {
  kind: 'other';
  what: OtherKind;
  /** What it concerns, in words: `create trigger`, `flush`, `insert`. */
  verb: string;
}

/**
 * - `routine-ddl`: triggers, procedures, functions, events, packages; `account`: users, roles, grants, passwords
 * - `tablespace`: TABLESPACE, LOGFILE GROUP, UNDO; `maintenance`: ANALYZE, OPTIMIZE, REPAIR, CHECK, CHECKSUM TABLE, FLUSH...
 * - `dml`: INSERT, REPLACE, UPDATE, DELETE, LOAD DATA; `query`: SELECT, SHOW, EXPLAIN, VALUES, WITH...
 * - `transaction`: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, XA, START TRANSACTION; `session`: SET, USE, LOCK, UNLOCK, PREPARE...
 * - `other-ddl`: servers, resource groups, plugins, spatial reference systems, instances, TiDB's placement policies...
 * - `empty`: nothing but blanks and comments
 */
export type OtherKind =
  | 'routine-ddl'
  | 'account'
  | 'tablespace'
  | 'maintenance'
  | 'dml'
  | 'query'
  | 'transaction'
  | 'session'
  | 'other-ddl'
  | 'empty'
  | 'unknown';

export type Statement =
  | CreateTable
  | AlterTable
  | DropTable
  | RenameTable
  | TruncateTable
  | CreateIndex
  | DropIndex
  | CreateDatabase
  | AlterDatabase
  | DropDatabase
  | ViewOrSequence
  | OtherStatement;
