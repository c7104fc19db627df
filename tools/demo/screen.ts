/** What the demo shows: steps with their duration, and one live line below them. */

const BAR_WIDTH = 24;
/** Without a terminal a live line is printed anew at most this often. */
const PLAIN_INTERVAL_MS = 2_000;

export class Screen {
  private readonly live = process.stdout.isTTY;
  private readonly began = performance.now();
  private lastPlain = 0;
  private lineShown = false;

  /** A line that stays. */
  say(text: string): void {
    this.clear();
    process.stdout.write(`${text}\n`);
  }

  /** Runs a step and shows how long it took. */
  async step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const start = performance.now();
    this.status(`${title} ...`);
    const result = await work((text) => this.status(`${title}: ${text}`));
    this.say(`${this.mark()} ${title} (${seconds(performance.now() - start)})`);
    return result;
  }

  /** The live line: replaced by the next one. */
  status(text: string): void {
    if (!this.live) {
      if (performance.now() - this.lastPlain < PLAIN_INTERVAL_MS) return;
      this.lastPlain = performance.now();
      process.stdout.write(`        ${text}\n`);
      return;
    }
    this.clear();
    process.stdout.write(text.slice(0, (process.stdout.columns || 120) - 1));
    this.lineShown = true;
  }

  /** Minutes and seconds since the start. */
  mark(): string {
    const total = Math.floor((performance.now() - this.began) / 1000);
    return `[${String(Math.floor(total / 60)).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}]`;
  }

  private clear(): void {
    if (this.lineShown) process.stdout.write('\r\u001B[2K');
    this.lineShown = false;
  }
}

/** `[######......] 50%`; the share is cut to 0..1. */
export function bar(share: number): string {
  const part = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const filled = Math.round(part * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(part * 100)).padStart(3)}%`;
}

export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

export function bytes(n: number): string {
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
