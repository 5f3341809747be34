import { LinkedList, type Listed } from './linked-list.js';

/** A waiter in the queue. */
class Place implements Listed<Place> {
  list: LinkedList<Place> | undefined;
  next: Place | undefined;
  previous: Place | undefined;

  constructor(readonly admit: () => void) {}
}

/** A first-in, first-out queue of waiters. Every operation takes constant time. */
export class WaitQueue {
  readonly #places = new LinkedList<Place>();

  get size(): number {
    return this.#places.size;
  }

  /** Adds a waiter; `admit` is called when it is its turn. Returns a function that leaves the queue. */
  join(admit: () => void): () => void {
    const place = new Place(admit);
    this.#places.append(place);
    return () => place.list?.remove(place);
  }

  /** Admits the first waiter; false if the queue is empty. */
  admitFirst(): boolean {
    const { first } = this.#places;
    if (!first) return false;
    this.#places.remove(first);
    first.admit();
    return true;
  }
}
