import { dmError } from '../../errors/dm-error.js';
import type { TableMapping } from '../../filter/router.js';
import { quoteIdent, quoteTable } from '../../mysql/quote.js';
import { isGenerated, type Column, type Index, type Table } from '../../schema/model.js';
import type { CellValue, RowImage } from '../events.js';
import { keyTextWriter, type KeyTextWriter } from './key-text.js';
import { isTypedJson, typedJsonSql } from './json-sql.js';
import { literalWriter, type LiteralWriter } from './literal.js';
import { readsIntroducer, tableKey, type Target } from '../target.js';

/** What the downstream says about a table beyond its structure. */
export interface DownstreamTable {
  structure: Table;
  hasTriggers: boolean;
  /** Tables whose foreign keys point here. */
  children: { schema: string; table: string; refColumns: string[]; changesChildren: boolean }[];
}

/** Collects values that are sent as parameters of a prepared statement because they are big. */
export type Parameters = (string | Buffer)[];

/** Bytes from which a value of a big row is sent as a parameter. */
const BIG_VALUE_BYTES = 64 * 1024;

/** A column that is written. */
export interface PlanColumn {
  /** Place of its value in a row image. */
  readonly at: number;
  /** Quoted name. */
  readonly name: string;
  readonly literal: LiteralWriter;
  /** The server, when the column holds JSON on both sides. */
  readonly document?: Target | undefined;
  /** Condition that holds for this value, `null` included. */
  readonly equals: (value: CellValue, parameters?: Parameters) => string;
}

/** SQL of a value: a literal or, when it is big and `parameters` are collected, a place holder. */
export function cellSql(column: PlanColumn, value: CellValue, parameters?: Parameters): string {
  if (parameters === undefined || value === null || value === undefined) return column.literal(value);
  const big = placeholder(value, parameters);
  if (big === undefined) return column.literal(value);
  return column.document !== undefined && isTypedJson(value) ? typedJsonSql(value, big, column.document) : big;
}

/** The writer for a JSON column that is one downstream as well: its values keep their types. */
function documentWriter(column: Column, target: Target): LiteralWriter {
  const write = literalWriter(column, target);
  return (value) => (isTypedJson(value) ? typedJsonSql(value, write(value), target) : write(value));
}

function placeholder(value: CellValue, parameters: Parameters): string | undefined {
  if (typeof value === 'string' || Buffer.isBuffer(value)) {
    if (value.length < BIG_VALUE_BYTES) return undefined;
    parameters.push(value);
    return '?';
  }
  if (typeof value !== 'object' || value === null || value.bytes.length < BIG_VALUE_BYTES) return undefined;
  parameters.push(value.bytes);
  return `CONVERT(? USING ${value.charset})`;
}

/** Values that only one row of a table may have. */
export interface PlanKey {
  /** Place in the table's list of keys; part of the key's text in the dependency map. */
  readonly id: string;
  readonly parts: readonly { at: number; text: KeyTextWriter }[];
}

/** Values by which a row is found downstream. */
interface Identity {
  readonly columns: readonly PlanColumn[];
  /** No column of it can be NULL. */
  readonly always: boolean;
}

/** A child's reference: the key of the parent it must follow. */
export interface PlanReference extends PlanKey {
  readonly parent: string;
}

/**
 * All that statements for the rows of one table need, worked out once for a pair of structures: the one the rows were
 * written under and the downstream's as it is now.
 */
export class TablePlan {
  /** Downstream name, quoted. */
  readonly target: string;
  /** The same for all plans of one downstream table. */
  readonly key: string;
  readonly source: Table;
  /**
   * The same for plans whose rows can share statements: those of tables that are merged into one and have equal columns.
   */
  readonly layout: string;
  /** Columns of an INSERT, generated ones left out. */
  readonly columns: readonly PlanColumn[];
  /** Their names, quoted. */
  readonly columnList: string;
  /** Columns whose values the downstream generates, names in lower case. */
  readonly generated: ReadonlySet<string>;
  /** Places of ENUM columns. */
  readonly enums: readonly number[];
  /** Unique keys of either side; rows that share a value of one keep their order. */
  readonly keys: readonly PlanKey[];
  /** A unique key exists whose values cannot be told from a row: rows must keep their order throughout. */
  readonly opaqueKeys: boolean;
  readonly references: readonly PlanReference[];
  readonly children: readonly { name: string; columns: readonly number[]; changesChildren: boolean }[];
  /**
   * Rows can be merged by key and sent in any order of keys: there is exactly one unique key, it is never NULL, finds the
   * row, and nothing else (trigger) sees the order.
   */
  readonly mergeable: boolean;
  /** An inserted row gets no value but those of the row image: no column is the downstream's alone. */
  readonly writesAll: boolean;
  /** Columns of the key that {@link mergeable} speaks of. */
  readonly mergeKey: readonly PlanColumn[];
  readonly #identities: readonly Identity[];
  readonly #wholeRow: readonly PlanColumn[];

  constructor(source: Table, downstream: DownstreamTable | undefined, mapping: TableMapping, target: Target) {
    const names = mapping.target(source.schema, source.name);
    const builder = new PlanBuilder(source, downstream, target);
    this.source = source;
    this.target = quoteTable(names.schema, names.table);
    this.key = tableKey(target, names.schema, names.table);
    this.layout = JSON.stringify([this.target, source.columns.map(columnLayout)]);
    this.columns = builder.written();
    this.columnList = this.columns.map(({ name }) => name).join(', ');
    this.generated = builder.generated();
    this.enums = source.columns.flatMap((column, at) => (column.type === 'enum' ? [at] : []));
    const { keys, opaque } = builder.keys();
    this.keys = keys;
    this.opaqueKeys = opaque;
    this.references = builder.references(mapping);
    this.children = builder.children();
    this.#identities = builder.identities();
    this.#wholeRow = builder.wholeRow();
    const only = this.#identities.find((identity) => identity.always);
    const simple = keys.length === 1 && !opaque && downstream?.hasTriggers !== true && builder.sameKeys();
    this.mergeable = simple && only !== undefined;
    this.writesAll = builder.writesAll();
    this.mergeKey = simple && only !== undefined ? only.columns : [];
  }

  /** Whether some key finds this row; otherwise the whole row is compared and only one match is changed. */
  hasIdentity(image: RowImage): boolean {
    return this.#identities.some((identity) => isUsable(identity, image));
  }

  /** Condition that finds the row downstream, with `LIMIT 1` where several rows may be equal. */
  where(image: RowImage, parameters?: Parameters): string {
    const identity = this.#identities.find((candidate) => isUsable(candidate, image));
    const columns = identity?.columns ?? this.#wholeRow;
    const conditions: string[] = [];
    for (const column of columns) {
      const value = image[column.at];
      if (value !== undefined) conditions.push(column.equals(value, parameters));
    }
    return conditions.join(' AND ') + (identity === undefined ? ' LIMIT 1' : '');
  }

  /** {@link where} without LIMIT; undefined when the whole row must be compared. */
  keyCondition(image: RowImage): string | undefined {
    const identity = this.#identities.find((candidate) => isUsable(candidate, image));
    return identity?.columns.map((c) => c.equals(image[c.at] ?? null)).join(' AND ');
  }
}

function isUsable(identity: Identity, image: RowImage): boolean {
  return identity.always || identity.columns.every(({ at }) => image[at] !== null && image[at] !== undefined);
}

class PlanBuilder {
  readonly #source: Table;
  readonly #downstream: DownstreamTable | undefined;
  readonly #target: Target;
  readonly #places = new Map<string, number>();
  readonly #downstreamColumns = new Map<string, Column>();

  constructor(source: Table, downstream: DownstreamTable | undefined, target: Target) {
    this.#source = source;
    this.#downstream = downstream;
    this.#target = target;
    for (const [at, column] of source.columns.entries()) this.#places.set(column.name.toLowerCase(), at);
    for (const column of this.#structure.columns) this.#downstreamColumns.set(column.name.toLowerCase(), column);
  }

  get #structure(): Table {
    return this.#downstream?.structure ?? this.#source;
  }

  generated(): Set<string> {
    return new Set(this.#structure.columns.filter(isGenerated).map(({ name }) => name.toLowerCase()));
  }

  /**
   * What the downstream generates is not written. A column that is generated upstream alone is: its value stands in the
   * row. A column that the downstream lacks is written too, so that the server's error names it.
   */
  written(): PlanColumn[] {
    const columns: PlanColumn[] = [];
    for (const [at, column] of this.#source.columns.entries()) {
      const there = this.#downstreamColumns.get(column.name.toLowerCase());
      if (there === undefined ? isGenerated(column) : isGenerated(there)) continue;
      columns.push(this.#column(at));
    }
    if (columns.length === 0) throw dmError(36029, [this.#source.columns.length, 0]);
    return columns;
  }

  writesAll(): boolean {
    return this.#structure.columns.every((column) => isGenerated(column) || this.#has(column.name));
  }

  #column(at: number): PlanColumn {
    const column = this.#source.columns[at];
    if (column === undefined) throw dmError(36029, [this.#source.columns.length, at]);
    const there = this.#downstreamColumns.get(column.name.toLowerCase());
    const name = quoteIdent(there?.name ?? column.name);
    const isDocument = column.type === 'json' && there?.type === 'json';
    const literal = isDocument ? documentWriter(column, this.#target) : literalWriter(column, this.#target);
    return {
      at,
      name,
      literal,
      ...(isDocument ? { document: this.#target } : {}),
      equals: (value, parameters) => {
        if (value === null) return `${name} IS NULL`;
        const big = parameters === undefined ? undefined : placeholder(value, parameters);
        return `${name} = ${big ?? literal(value)}`;
      },
    };
  }

  /** Unique indexes of both sides, each once. */
  #uniqueIndexes(): { index: Index; table: Table }[] {
    const found = new Map<string, { index: Index; table: Table }>();
    for (const table of [this.#structure, this.#source]) {
      for (const index of table.indexes) {
        if (index.kind !== 'PRIMARY' && index.kind !== 'UNIQUE') continue;
        const signature = index.parts.map((part) => indexPartText(part)).join(',');
        if (!found.has(signature)) found.set(signature, { index, table });
      }
    }
    return [...found.values()];
  }

  keys(): { keys: PlanKey[]; opaque: boolean } {
    const keys: PlanKey[] = [];
    let opaque = false;
    for (const { index } of this.#uniqueIndexes()) {
      const columns = index.parts.map((part) => part.column?.toLowerCase());
      const known = columns.filter((name) => name !== undefined && this.#places.has(name));
      // A key of columns that the downstream alone has gets its values there.
      if (known.length === 0 && columns.every((name) => name !== undefined)) continue;
      const key = this.#key(index.parts.filter((part) => part.column !== undefined && this.#has(part.column)));
      if (columns.includes(undefined) || key === undefined) opaque = true;
      else keys.push(key);
    }
    for (const { refColumns } of this.#downstream?.children ?? []) {
      const key = this.#key(refColumns.map((column) => ({ column })));
      if (key === undefined) opaque = true;
      else if (!keys.some(({ id }) => id === key.id)) keys.push(key);
    }
    return { keys, opaque };
  }

  #has(column: string): boolean {
    return this.#places.has(column.toLowerCase());
  }

  #key(parts: readonly { column?: string; length?: number }[]): PlanKey | undefined {
    const result: { at: number; text: KeyTextWriter }[] = [];
    for (const { column = '', length } of parts) {
      const at = this.#places.get(column.toLowerCase());
      const ours = at === undefined ? undefined : this.#source.columns[at];
      if (at === undefined || ours === undefined) return undefined;
      const theirs = this.#downstreamColumns.get(column.toLowerCase());
      if (theirs !== undefined && !comparesAlike(ours, theirs)) return undefined;
      // The downstream's alone where there is one: tables that are merged into one need not agree about theirs.
      const collation = theirs === undefined ? ours.collation : theirs.collation;
      result.push({ at, text: keyTextWriter(ours, collation === undefined ? [] : [collation], length) });
    }
    const id = parts.map(({ column, length }) => `${column?.toLowerCase()}${length ?? ''}`).join('\u0000');
    return { id, parts: result };
  }

  references(mapping: TableMapping): PlanReference[] {
    const references: PlanReference[] = [];
    for (const foreignKey of this.#structure.foreignKeys) {
      const key = this.#key(foreignKey.columns.map((column) => ({ column })));
      if (key === undefined) continue;
      // The structure is the downstream's or, where that is not known, the upstream's: its names are then mapped.
      const known = this.#downstream !== undefined;
      const parent = known
        ? { schema: foreignKey.refSchema, table: foreignKey.refTable }
        : mapping.target(foreignKey.refSchema, foreignKey.refTable);
      references.push({
        parent: tableKey(this.#target, parent.schema, parent.table),
        id: foreignKey.refColumns.map((column) => column.toLowerCase()).join('\u0000'),
        parts: key.parts,
      });
    }
    return references;
  }

  children(): { name: string; columns: number[]; changesChildren: boolean }[] {
    return (this.#downstream?.children ?? []).map((child) => ({
      name: tableKey(this.#target, child.schema, child.table),
      columns: child.refColumns.flatMap((column) => this.#places.get(column.toLowerCase()) ?? []),
      changesChildren: child.changesChildren,
    }));
  }

  /** Ways to find a row: primary key, unique keys that are never NULL, other unique keys. */
  identities(): Identity[] {
    const rank = (index: Index, always: boolean): number => (index.kind === 'PRIMARY' ? 0 : always ? 1 : 2);
    const found: { rank: number; identity: Identity }[] = [];
    for (const index of this.#structure.indexes) {
      if (index.kind !== 'PRIMARY' && index.kind !== 'UNIQUE') continue;
      const names = index.parts.map((part) => part.column?.toLowerCase() ?? '');
      const places = names.flatMap((name) => this.#places.get(name) ?? []);
      if (places.length !== names.length) continue;
      const always = names.every((name, i) => {
        const ours = this.#source.columns[places[i] ?? 0];
        const there = this.#downstreamColumns.get(name);
        if (ours === undefined || there === undefined) return false;
        // What is generated may be missing from row images.
        return !ours.nullable && !there.nullable && !isGenerated(ours);
      });
      const columns = places.map((at) => this.#column(at));
      found.push({ rank: rank(index, always), identity: { columns, always } });
    }
    return found.sort((a, b) => a.rank - b.rank).map(({ identity }) => identity);
  }

  /** Whether both sides have the same unique keys, so that one key stands for both. */
  sameKeys(): boolean {
    const unique = this.#structure.indexes.filter((index) => index.kind === 'PRIMARY' || index.kind === 'UNIQUE');
    return unique.length === 1 && unique.every((index) => index.parts.every((part) => part.length === undefined));
  }

  /** All columns, compared so that only an identical row matches whatever the collation. */
  wholeRow(): PlanColumn[] {
    return this.#source.columns.flatMap((column, at) => {
      const there = this.#downstreamColumns.get(column.name.toLowerCase());
      if (there === undefined && this.#downstream !== undefined) return [];
      const plain = this.#column(at);
      return [{ ...plain, equals: this.#exactCondition(plain, column, there ?? column) }];
    });
  }

  #exactCondition(plain: PlanColumn, ours: Column, there: Column): PlanColumn['equals'] {
    const { name } = plain;
    const wrap = (condition: (sql: string) => string): PlanColumn['equals'] => {
      return (value, parameters) => (value === null ? `${name} IS NULL` : condition(cellSql(plain, value, parameters)));
    };
    if (there.type === 'json') {
      const text: PlanColumn = { ...plain, literal: literalWriter(ours, this.#target), document: undefined };
      return (value, parameters) => {
        if (value === null) return `${name} IS NULL`;
        const plainly = `${name} = CAST(${cellSql(text, value, parameters)} AS JSON)`;
        // A copied row has what the text says, one that came from the binlog has the types as well.
        return isTypedJson(value) ? `(${plainly} OR ${name} = ${cellSql(plain, value, parameters)})` : plainly;
      };
    }
    if (BY_BYTES.has(there.type)) return wrap((sql) => `HEX(${name}) = HEX(${sql})`);
    const { charset } = there;
    if (charset === undefined || charset === 'binary' || ours.type === 'enum' || ours.type === 'set')
      return plain.equals;
    const exact = wrap((sql) => {
      const text = readsIntroducer(this.#target, charset) ? `CONVERT(${sql} USING ${charset})` : sql;
      return `CAST(${name} AS BINARY) = CAST(${text} AS BINARY)`;
    });
    // The first half can use an index, the second tells apart what the collation does not.
    return (value, parameters) =>
      value === null || parameters !== undefined
        ? exact(value, parameters)
        : `${plain.equals(value)} AND ${exact(value)}`;
  }
}

/** Types that servers do not compare with byte strings. */
const BY_BYTES = new Set([
  'vector',
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geomcollection',
  'geometrycollection',
]);

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);

/** Whether two values that differ in `ours` can only be equal in `theirs` in ways that key texts know of. */
function comparesAlike(ours: Column, theirs: Column): boolean {
  if (INTEGERS.has(ours.type) && INTEGERS.has(theirs.type)) return true;
  // Their values are numbers, which mean the same only with the same members.
  if (ours.members !== undefined || theirs.members !== undefined) return ours.columnType === theirs.columnType;
  if (TEXTS.has(ours.type) && TEXTS.has(theirs.type)) return (theirs.length ?? Infinity) >= (ours.length ?? 0);
  return ours.type === theirs.type && ours.length === theirs.length && ours.decimals === theirs.decimals;
}

/** What of a column decides how its values are written. */
function columnLayout({ name, columnType, charset, nullable, generated }: Column): unknown[] {
  return [name, columnType, charset, nullable, generated !== undefined];
}

function indexPartText(part: { column?: string; expression?: string; length?: number }): string {
  return part.column === undefined ? `(${part.expression})` : `${part.column.toLowerCase()}(${part.length ?? ''})`;
}
