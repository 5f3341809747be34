/** A place in a line. */
export interface Place {
  readonly admit: () => void;
  next: Place | undefined;
  previous: Place | undefined;
  inLine: boolean;
}

/** Those who wait, first come, first served. Coming, leaving and being admitted take the same time however many wait. */
export class WaitQueue {
  #first: Place | undefined;
  #last: Place | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Joins the line; `admit` is called when it is its turn. Returns how to leave. */
  join(admit: () => void): () => void {
    const place: Place = { admit, next: undefined, previous: this.#last, inLine: true };
    if (this.#last) this.#last.next = place;
    else this.#first = place;
    this.#last = place;
    this.#size++;
    return () => this.#leave(place);
  }

  /** Admits the first; false when nobody waits. */
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
