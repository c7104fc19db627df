/** The table that the benchmarks print. */

export interface ReportRow {
  what: string;
  ours: string;
  /** Of the program that we compare with; empty where there is none. */
  reference: string;
  /** Ours against the reference, or the figure itself. */
  result: string;
  /** What we want to reach. */
  target: string;
  reached: boolean;
}

/** Seconds with two decimals. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

export function formatReport(rows: readonly ReportRow[]): string {
  const header = ['', 'ours', 'reference', 'result', 'target', ''];
  const body = rows.map((row) => {
    return [row.what, row.ours, row.reference, row.result, row.target, row.reached ? 'reached' : 'MISSED'];
  });
  const widths = header.map((title, index) =>
    Math.max(title.length, ...body.map((cells) => cells[index]?.length ?? 0)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}
