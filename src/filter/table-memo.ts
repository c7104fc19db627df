/** Most tables remembered; more are seen only where tables with ever new names come and go. */
const MOST_TABLES = 50_000;

/** Remembers what was worked out for a table, so that the way of each row is two look-ups by name. */
export class TableMemo<V> {
  readonly #make: (schema: string, table: string) => V;
  readonly #schemas = new Map<string, Map<string, V>>();
  #size = 0;

  constructor(make: (schema: string, table: string) => V) {
    this.#make = make;
  }

  get(schema: string, table: string): V {
    const known = this.#schemas.get(schema)?.get(table);
    if (known !== undefined) return known;
    const made = this.#make(schema, table);
    this.#put(schema, table, made);
    return made;
  }

  #put(schema: string, table: string, value: V): void {
    if (this.#size >= MOST_TABLES) {
      this.#schemas.clear();
      this.#size = 0;
    }
    let tables = this.#schemas.get(schema);
    if (tables === undefined) {
      tables = new Map();
      this.#schemas.set(schema, tables);
    }
    tables.set(table, value);
    this.#size++;
  }
}
