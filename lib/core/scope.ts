/** Starts a wait; returns how to give it up. */
export type BeginWait<T> = (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void;

/**
 * Whatever calls can be made inside of: a runtime, an incoming request, a try of another call.
 * Aborting a scope aborts everything begun in it and wakes what it is waiting for.
 */
export abstract class Scope {
  /** What aborts this scope; `undefined` for the outermost. */
  owner: Scope | undefined;
  /** On whose behalf this goes on, where it goes on apart from that. */
  origin: Scope | undefined;
  /** @internal */ nextSibling: Scope | undefined;
  /** @internal */ previousSibling: Scope | undefined;
  #firstChild: Scope | undefined;
  #interrupt: ((reason: unknown) => void) | undefined;
  /** Whether it is over: what is begun in it now belongs to its owner. */
  ended = false;
  /** Set while this scope is given up: what begins in it is given up at once. */
  stopped: { readonly reason: unknown } | undefined;
  /** When the current wait will end by itself, if that is known. */
  waitsUntil = 0;

  /** The moment, on the monotonic clock, when this scope is given up; `Infinity` when there is none. */
  get deadline(): number {
    return this.owner ? this.owner.deadline : Infinity;
  }

  /** What names the request or job this belongs to, across log lines. */
  get correlationId(): string {
    return (this.origin ?? this.owner)?.correlationId ?? '';
  }

  /** Aborts what was begun in this scope and interrupts what it is waiting for. */
  abort(reason: unknown): void {
    this.stopped ??= { reason };
    for (const child of this.children()) child.abort(reason);
    this.interrupt(reason);
  }

  /** The app is about to close: what goes on here comes to its end, and begins nothing more by itself. */
  drain(reason: unknown): void {
    for (const child of this.children()) child.drain(reason);
  }

  /** Takes note that a call begun here failed with `error` after all its tries. */
  noteSpent(error: unknown): void {
    (this.origin ?? this.owner)?.noteSpent(error);
  }

  /** Whether anything begun in this scope is not over yet. */
  get busy(): boolean {
    return this.#firstChild !== undefined;
  }

  /** Whether a shutdown waits for this scope. */
  get active(): boolean {
    return true;
  }

  /** Everything begun directly in this scope and not over yet: a copy, since what is ended takes itself out. */
  children(): Scope[] {
    const children: Scope[] = [];
    for (let child = this.#firstChild; child; child = child.nextSibling) children.push(child);
    return children;
  }

  /** Whether something begun directly in this scope, and not over yet, passes `test`. */
  some(test: (child: Scope) => boolean): boolean {
    for (let child = this.#firstChild; child; child = child.nextSibling) if (test(child)) return true;
    return false;
  }

  /** Begins `child` in this scope. */
  adopt(child: Scope): void {
    child.owner = this;
    child.nextSibling = this.#firstChild;
    if (this.#firstChild) this.#firstChild.previousSibling = child;
    this.#firstChild = child;
  }

  /** Ends this scope: its owner no longer reaches it. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    const { owner, nextSibling: next, previousSibling: previous } = this;
    if (!owner) return;
    if (previous) previous.nextSibling = next;
    else if (owner.#firstChild === this) owner.#firstChild = next;
    if (next) next.previousSibling = previous;
    this.nextSibling = this.previousSibling = undefined;
    owner.childEnded();
  }

  /** A scope waits for one thing at a time; an interrupt ends that wait with its reason and gives up its cause. */
  wait<T>(begin: BeginWait<T>, until = 0): Promise<T> {
    this.waitsUntil = until;
    return new Promise<T>((resolve, reject) => {
      let giveUp: (() => void) | undefined;
      this.#interrupt = (reason) => {
        giveUp?.();
        reject(reason);
      };
      giveUp = begin(
        (value) => {
          this.settled();
          resolve(value);
        },
        (reason) => {
          this.settled();
          reject(reason);
        },
      );
    });
  }

  /** Waits for `promise`, or for an interrupt, whichever comes first; a late rejection is taken care of. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      promise.then(resolve, reject);
    });
  }

  /** @internal The wait is over, whatever it was. */
  settled(): void {
    this.#interrupt = undefined;
    this.waitsUntil = 0;
  }

  /** @internal Ends the current wait, if there is one. */
  interrupt(reason: unknown): void {
    const interrupt = this.#interrupt;
    this.settled();
    interrupt?.(reason);
  }

  /** @internal Something begun here is over. */
  childEnded(): void {}
}

/** The outermost scope of a runtime. */
export class RootScope extends Scope {
  #idle: (() => void) | undefined;
  #deadline = Infinity;

  override get deadline(): number {
    return this.#deadline;
  }

  /** From now on nothing may wait beyond this moment. */
  endBy(deadline: number): void {
    this.#deadline = deadline;
  }

  /** Resolves when nothing runs in this scope any more that a shutdown waits for. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => (this.#idle = resolve));
  }

  override childEnded(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }

  #isIdle(): boolean {
    return !this.some(({ active }) => active);
  }
}
