/** What is in a {@link LinkedList}: in one at a time. */
export interface Listed<T extends Listed<T>> {
  list: LinkedList<T> | undefined;
  next: T | undefined;
  previous: T | undefined;
}

/** A list in which everything takes constant time. A `Map` has an order too, but steps over what was deleted from it. */
export class LinkedList<T extends Listed<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** Puts `item` at the end, out of whichever list it is in. */
  append(item: T): void {
    if (item === this.#last) return;
    item.list?.remove(item);
    item.list = this;
    item.previous = this.#last;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.#size++;
  }

  /** All that is in it now, first to last. */
  all(): T[] {
    const items: T[] = [];
    for (let item = this.#first; item; item = item.next) items.push(item);
    return items;
  }

  remove(item: T): void {
    if (item.previous) item.previous.next = item.next;
    else this.#first = item.next;
    if (item.next) item.next.previous = item.previous;
    else this.#last = item.previous;
    item.list = item.next = item.previous = undefined;
    this.#size--;
  }
}
