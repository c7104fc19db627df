/** What the load unit tells while it runs. */
export interface LoadProgress {
  unit: 'Load';
  /** Bytes and rows as decimal text (64 bit). Bytes loaded by earlier runs count, rows are those of this run. */
  finishedBytes: string;
  totalBytes: string;
  finishedRows: string;
  /** Bytes a second over the last moments. */
  bps: string;
  /** Where the upstream's binlog stood when the dump was taken. */
  metaBinlog: string;
  metaBinlogGTID: string;
}
