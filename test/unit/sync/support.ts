import type { RowChange, RowImage } from '../../../src/sync/events.js';
import type { RowJob } from '../../../src/sync/write/row-job.js';
import { SAME_NAMES } from '../../../src/filter/router.js';
import type { Merging } from '../../../src/sync/write/statements.js';
import { TablePlan, type DownstreamTable } from '../../../src/sync/write/table-plan.js';
import type { Target } from '../../../src/sync/target.js';
import type { Column, ForeignKey, Index, Table } from '../../../src/schema/model.js';

export const MYSQL: Target = {
  isTiDB: false,
  charsets: new Set(['utf8mb4', 'latin1', 'gbk', 'ascii', 'binary']),
  maxAllowedPacket: 64 << 20,
};
export const TIDB: Target = { isTiDB: true, charsets: new Set(['utf8mb4', 'latin1']), maxAllowedPacket: 64 << 20 };

export function column(name: string, type: string, more: Partial<Column> = {}): Column {
  return {
    name,
    type,
    columnType: type,
    unsigned: false,
    zerofill: false,
    nullable: true,
    autoIncrement: false,
    invisible: false,
    ...more,
  };
}

export function text(name: string, collation = 'utf8mb4_general_ci', more: Partial<Column> = {}): Column {
  const charset = collation.slice(0, collation.indexOf('_'));
  return column(name, 'varchar', { length: 50, charset, collation, ...more });
}

export function index(kind: Index['kind'], ...names: (string | [string, number])[]): Index {
  return {
    name: kind === 'PRIMARY' ? 'PRIMARY' : `k_${names.join('_')}`,
    kind,
    parts: names.map((name) => (typeof name === 'string' ? { column: name } : { column: name[0], length: name[1] })),
    invisible: false,
  };
}

export function table(name: string, columns: Column[], indexes: Index[], foreignKeys: ForeignKey[] = []): Table {
  const base = { checks: [], charset: 'utf8mb4', collation: 'utf8mb4_general_ci', options: {} };
  return { schema: 'db', name, columns, indexes, foreignKeys, ...base };
}

export function planOf(source: Table, downstream: Partial<DownstreamTable> = {}, target = MYSQL): TablePlan {
  return new TablePlan(
    source,
    { structure: source, hasTriggers: false, children: [], ...downstream },
    SAME_NAMES,
    target,
  );
}

export function job(seq: number, plan: TablePlan, change: RowChange, more: Partial<RowJob> = {}): RowJob {
  const place = { name: 'bin.000001', pos: seq };
  return {
    seq,
    plan,
    change,
    origin: { start: place, end: place, gtidSet: '', schema: 'db', table: plan.source.name, timestamp: seq },
    bytes: 20,
    safe: false,
    foreignKeyChecks: false,
    lenient: false,
    waits: undefined,
    follows: 0,
    ...more,
  };
}

/** As usual. */
export const MERGING: Merging = { compact: true, multipleRows: true };

export const insert = (after: RowImage): RowChange => ({ kind: 'insert', after });
export const update = (before: RowImage, after: RowImage): RowChange => ({ kind: 'update', before, after });
export const remove = (before: RowImage): RowChange => ({ kind: 'delete', before });
