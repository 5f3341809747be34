/** An entry of the queue. */
export interface Place {
  readonly admit: () => void;
  next: Place | undefined;
  previous: Place | undefined;
  inLine: boolean;
}

/** A first-in, first-out queue of waiters. Every operation takes constant time. */
export class WaitQueue {
  #first: Place | undefined;
  #last: Place | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a waiter; `admit` is called when it is its turn. Returns a function that leaves the queue. */
  join(admit: () => void): () => void {
    const place: Place = { admit, next: undefined, previous: this.#last, inLine: true };
    if (this.#last) this.#last.next = place;
    else this.#first = place;
    this.#last = place;
    this.#size++;
    return () => this.#leave(place);
  }

  /** Admits the first waiter; false if the queue is empty. */
  admitFirst(): boolean {
    const place = this.#first;
    if (!place) return false;
    this.#leave(place);
    place.admit();
    return true;
  }

  #leave(place: Place): void {
    if (!place.inLine) return;
    place.inLine = false;
    if (place.previous) place.previous.next = place.next;
    else this.#first = place.next;
    if (place.next) place.next.previous = place.previous;
    else this.#last = place.previous;
    place.next = place.previous = undefined;
    this.#size--;
  }
}
