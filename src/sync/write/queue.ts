/** First in, first out, without the cost of shifting an array. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The item that is `offset` places behind the first. */
  at(offset: number): Item | undefined {
    return this.#items[this.#head + offset];
  }

  /** Takes the first `count` items away. */
  drop(count: number): void {
    const end = Math.min(this.#head + count, this.#items.length);
    // Free what they hold at once: the array itself shrinks later.
    for (let i = this.#head; i < end; i++) this.#items[i] = undefined;
    this.#head = end;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
