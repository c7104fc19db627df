import type { ColumnMapping } from '../filter/column-mapping.js';
import type { EventFilter } from '../filter/event-filter.js';
import type { ExpressionFilter, RowFilter } from '../filter/expression/index.js';
import { isRetryable } from '../mysql/errors.js';
import type { Table } from '../schema/model.js';
import type { RowChange, RowImage, RowsEvent } from './events.js';
import { atPlace, type FailurePlace } from './failure.js';

/** Options of {@link RowFilters}. */
export interface RowFiltersOptions {
  events: EventFilter;
  expressions: ExpressionFilter;
  mapping: ColumnMapping;
  /** Does work with a server again when that may help; for expressions that a server evaluates. */
  retry<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Which rows of an event are left out: all of them, or those marked. */
export type Dropped = 'all' | 'none' | readonly boolean[];

/** What the rules of a task say about the rows of its tables; worked out once per structure. */
export class RowFilters {
  readonly #options: RowFiltersOptions;
  readonly #filters = new WeakMap<Table, { filter: RowFilter | undefined }>();

  constructor(options: RowFiltersOptions) {
    this.#options = options;
  }

  /**
   * Which rows the binlog event filter and the expression filter leave out.
   *
   * @param place - of the event, for errors
   * @throws DmError 20041 when an expression does not fit the table; database errors of a server that had to be asked
   */
  dropped({ schema, table, structure, rows }: RowsEvent, place: FailurePlace): Dropped | Promise<Dropped> {
    const [first] = rows;
    if (first === undefined) return 'none';
    // The rows of one event are of one kind.
    if (this.#options.events.dropsRows(schema, table, first.kind)) return 'all';
    try {
      const filter = this.#filterOf(structure);
      if (filter === undefined) return 'none';
      const verdict = filter.dropped(rows);
      return verdict instanceof Promise ? this.#asked(verdict, () => filter.dropped(rows), place) : verdict;
    } catch (error) {
      throw atPlace(error, place);
    }
  }

  /** Changes rows as the column mappings of their table say; undefined when there are none. @throws DmError 36033 */
  mapped(structure: Table, place: FailurePlace): ((change: RowChange) => RowChange) | undefined {
    try {
      const map = this.#options.mapping.forTable(structure);
      return map === undefined ? undefined : (change) => mapChange(change, map, place);
    } catch (error) {
      throw atPlace(error, place);
    }
  }

  #filterOf(structure: Table): RowFilter | undefined {
    let known = this.#filters.get(structure);
    if (known === undefined) {
      known = { filter: this.#options.expressions.forTable(structure) };
      this.#filters.set(structure, known);
    }
    return known.filter;
  }

  async #asked(
    verdict: Promise<boolean[]>,
    again: () => boolean[] | Promise<boolean[]>,
    place: FailurePlace,
  ): Promise<boolean[]> {
    try {
      return await verdict.catch((error: unknown) => {
        if (!isRetryable(error)) throw error;
        return this.#options.retry(async () => again());
      });
    } catch (error) {
      throw atPlace(error, place);
    }
  }
}

function mapChange(change: RowChange, map: (image: RowImage) => RowImage, place: FailurePlace): RowChange {
  try {
    if (change.kind === 'insert') return { kind: 'insert', after: map(change.after) };
    if (change.kind === 'delete') return { kind: 'delete', before: map(change.before) };
    return { kind: 'update', before: map(change.before), after: map(change.after) };
  } catch (error) {
    throw atPlace(error, place);
  }
}
