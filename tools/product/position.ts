/** Whether replication has passed a place in the upstream's binlog; as status shows positions. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Progress } from '../../workflows/contract.js';

export interface Position {
  /** For example `binlog.000003`. */
  file: string;
  pos: number;
}

/** Where the upstream's binlog ends now. */
export async function upstreamPosition(connection: Connection): Promise<Position> {
  // MySQL 8.4 has dropped the old statement, MariaDB does not know the new one.
  const [rows] = await connection
    .query<RowDataPacket[]>('SHOW BINARY LOG STATUS')
    .catch(() => connection.query<RowDataPacket[]>('SHOW MASTER STATUS'));
  if (!rows[0]) throw new Error('the upstream has no binlog');
  return { file: String(rows[0].File), pos: Number(rows[0].Position) };
}

/** Reads `(binlog.000003, 4711)`. */
export function readPosition(text: string): Position | undefined {
  const m = /^\((.+), (\d+)\)$/.exec(text);
  return m?.[1] && m[2] ? { file: m[1], pos: Number(m[2]) } : undefined;
}

/**
 * Whether everything up to the target is downstream and flushed. `synced` alone may be older than the last write: heartbeats
 * carry it.
 */
export function hasReached(progress: Progress | undefined, target: Position): boolean {
  if (progress?.unit !== 'Sync') return false;
  const flushed = readPosition(progress.syncerBinlog);
  if (flushed && compare(flushed, target) >= 0) return true;
  const seen = readPosition(progress.masterBinlog);
  return progress.synced && seen !== undefined && compare(seen, target) >= 0;
}

function compare(a: Position, b: Position): number {
  return fileNumber(a.file) - fileNumber(b.file) || a.pos - b.pos;
}

function fileNumber(file: string): number {
  return Number(/(\d+)$/.exec(file)?.[1] ?? 0);
}
