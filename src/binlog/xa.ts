import type { HeldRows, PreparedXa, RowsEvent } from '../sync/events.js';
import { CorruptEventError, Cursor } from './cursor.js';

/** An XA transaction is being committed: its rows are wanted here. */
export interface XaRowsRequest {
  type: 'xa-rows';
  xid: string;
  /** The group that is committed in one phase, too large to be held; undefined when it was prepared earlier. */
  group: PreparedXa | undefined;
  /** Place and time of the commit. */
  start: { name: string; pos: number };
  end: { name: string; pos: number };
  timestamp: number;
}

/** Finds the rows of XA transactions: those that were held, or an own reading of them from the binlog. */
export type XaRowsSource = (request: XaRowsRequest) => readonly HeldRows[] | AsyncIterable<RowsEvent>;

/** The xid as the text that {@link parseXaStatement} gives, and whether the transaction is committed in one phase. */
export function parseXaPrepare(body: Buffer): { onePhase: boolean; xid: string } {
  const cursor = new Cursor(body);
  const onePhase = cursor.u8() !== 0;
  const format = cursor.u32();
  const [global, branch] = [cursor.u32(), cursor.u32()];
  if (global > MAX_PART || branch > MAX_PART) throw new CorruptEventError('xid of an XA transaction is too long');
  const hex = (length: number): string => {
    const at = cursor.skip(length);
    return body.toString('hex', at, at + length);
  };
  return { onePhase, xid: xidText(hex(global), hex(branch), BigInt(format)) };
}

/** Bytes of each part of an xid (X/Open CAE, "Distributed Transaction Processing: The XA Specification"). */
const MAX_PART = 64;

/** What an XA statement of the binlog does. */
export type XaVerb = 'START' | 'BEGIN' | 'END' | 'COMMIT' | 'ROLLBACK';

/** The verb of an XA statement; undefined for all other statements. */
export function xaVerb(sql: string): XaVerb | undefined {
  return /^\s*XA\s+(START|BEGIN|END|COMMIT|ROLLBACK)\b/i.exec(sql)?.[1]?.toUpperCase() as XaVerb | undefined;
}

const STATEMENT = /^\s*XA\s+(?:COMMIT|ROLLBACK)\s+X'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(-?\d+)\s*$/i;

/** The xid in an XA COMMIT or XA ROLLBACK that a server wrote. */
export function parseXaStatement(sql: string): string {
  const match = STATEMENT.exec(sql);
  if (match === null) throw new CorruptEventError(`XA statement without a readable xid: ${sql.slice(0, 300)}`);
  const [, global = '', branch = '', format = '0'] = match;
  return xidText(global, branch, BigInt(format));
}

/** Events hold the low 32 bits of the format alone, statements all of it. */
function xidText(global: string, branch: string, format: bigint): string {
  return `X'${global.toLowerCase()}',X'${branch.toLowerCase()}',${BigInt.asUintN(32, format)}`;
}

/** Rows of the XA transaction whose group is being read: what becomes of it, its end tells. */
export class XaRows {
  /** Undefined when they take more room than there is. */
  rows: HeldRows[] | undefined = [];
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a rows event's body; the bytes may change after that. */
  hold(map: Buffer, type: number, body: Buffer): void {
    if (this.rows === undefined) return;
    this.#bytes += heldBytes({ map, type, body });
    if (this.#bytes > this.#maxBytes) this.rows = undefined;
    else this.rows.push({ map, type, body: Buffer.from(body) });
  }
}

/** Roughly what held rows take in memory, beside their bytes that of the objects. */
export function heldBytes({ map, body }: HeldRows): number {
  return map.length + body.length + 200;
}
