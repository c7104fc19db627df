/** What row statements must know of the downstream server. */
export interface Target {
  isTiDB: boolean;
  /** Character sets the server can read after an introducer. */
  charsets: ReadonlySet<string>;
  /** Bytes that one request may have. */
  maxAllowedPacket: number;
  /** The server has JSON_TABLE. */
  hasJsonTable?: boolean;
}

/** TiDB reads latin1 as UTF-8 and knows few other character sets: text is converted before it is sent there. */
export function readsIntroducer(target: Target, charset: string): boolean {
  return !target.isTiDB && target.charsets.has(charset);
}
