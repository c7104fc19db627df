/** What the dump unit tells while it runs. */
export interface DumpProgress {
  unit: 'Dump';
  totalTables: number;
  completedTables: number;
  /** Bytes and rows as decimal text (64 bit). */
  finishedBytes: string;
  finishedRows: string;
  estimateTotalRows: string;
  /** Bytes a second over the last moments. */
  bps: string;
}
