import { createHash } from 'node:crypto';
import type { DdlIntent, SentStatement } from '../checkpoint/checkpoint.js';
import type { DdlPart } from './ddl-plan.js';

/** A table or database downstream; a database has no table. */
export interface DdlTarget {
  schema: string;
  table: string;
}

/**
 * What a statement is known by over restarts: its text and the downstream names of what it changes. Its place among the
 * others of the event would not do, for it depends on filters and routes, and those may change between two runs.
 */
export function statementId({ statement }: DdlPart, targets: readonly DdlTarget[]): string {
  const hash = createHash('sha256').update(statement.text);
  for (const { schema, table } of targets) hash.update(JSON.stringify([schema, table]));
  return hash.digest('hex').slice(0, 16);
}

/** How far the statements of one query event are, over restarts and refusals. */
export class DdlProgress {
  readonly #seq: number;
  readonly #done: string[];
  readonly #separated: Set<string>;
  /** What an earlier run did and this one has not come to yet. A text may stand in an event twice. */
  readonly #ahead: string[];
  #sent: SentStatement | undefined;

  /** @param begun - what an earlier run stored of this event */
  constructor(seq: number, begun: DdlIntent | undefined) {
    this.#seq = seq;
    this.#done = [...(begun?.done ?? [])];
    this.#ahead = [...this.#done];
    this.#separated = new Set(begun?.separated);
    this.#sent = begun?.sent;
  }

  /** Whether an earlier run did the statement. Told once for each time that it was done. */
  takeDone(id: string): boolean {
    const at = this.#ahead.indexOf(id);
    if (at === -1) return false;
    this.#ahead.splice(at, 1);
    return true;
  }

  /** Whether the statement is executed change by change. */
  isSeparated(id: string): boolean {
    return this.#separated.has(id);
  }

  separate(id: string): void {
    this.#separated.add(id);
  }

  /** What was stored of the statement when it was sent last; undefined when it was not sent, or refused. */
  sent(id: string): SentStatement | undefined {
    return this.#sent?.id === id ? this.#sent : undefined;
  }

  /** The statement is about to be sent, or was refused. */
  setSent(sent: SentStatement | undefined): void {
    this.#sent = sent;
  }

  finish(id: string): void {
    this.#done.push(id);
    this.#sent = undefined;
  }

  /** All changes of a statement are done: from here on it alone stands for them. */
  finishSeparated(id: string, singles: readonly string[]): void {
    for (const single of singles) this.#done.splice(this.#done.lastIndexOf(single), 1);
    this.#separated.delete(id);
    this.finish(id);
  }

  /** What has to be stored; undefined when nothing was begun. */
  get intent(): DdlIntent | undefined {
    if (this.#sent === undefined && this.#done.length === 0 && this.#separated.size === 0) return undefined;
    return {
      seq: this.#seq,
      done: [...this.#done],
      separated: [...this.#separated],
      ...(this.#sent && { sent: this.#sent }),
    };
  }
}
