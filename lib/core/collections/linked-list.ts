/** An element of a {@link LinkedList}. It can be in one list at a time. */
export interface Listed<T extends Listed<T>> {
  list: LinkedList<T> | undefined;
  next: T | undefined;
  previous: T | undefined;
}

/**
 * A doubly linked list: every operation takes constant time. A `Map` keeps an order too, but iterates over deleted
 * entries.
 */
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

  get last(): T | undefined {
    return this.#last;
  }

  /** Moves `item` to the end, removing it from the list it is in. */
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

  /** Returns a copy of all elements in order. */
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
