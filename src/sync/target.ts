import { quoteTable } from '../mysql/quote.js';

/** What row statements must know of the downstream server. */
export interface Target {
  isTiDB: boolean;
  /** Character sets the server can read after an introducer. */
  charsets: ReadonlySet<string>;
  /** Bytes that one request may have. */
  maxAllowedPacket: number;
  /** The server has JSON_TABLE. */
  hasJsonTable?: boolean;
  /** Told of values inside JSON documents that the server has no expression for: they become what their text says. */
  onJsonAsText?: (type: string) => void;
  /** Names that differ in case only are one table's: TiDB, and `lower_case_table_names` other than 0. */
  foldsNames?: boolean;
}

/** What stands for a table where tables are told apart: the server may tell its name in another case than we write it. */
export function tableKey(target: Target, schema: string, table: string): string {
  const name = quoteTable(schema, table);
  return target.foldsNames === true ? name.toLowerCase() : name;
}

/** TiDB reads latin1 as UTF-8 and knows few other character sets: text is converted before it is sent there. */
export function readsIntroducer(target: Target, charset: string): boolean {
  return !target.isTiDB && target.charsets.has(charset);
}
