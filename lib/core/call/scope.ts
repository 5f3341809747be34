import { CallbackWait, type BeginWait, type Wait } from './wait.js';

/**
 * Whatever calls can be made inside of: a runtime, an incoming request, an attempt of another call.
 * Aborting a scope aborts everything that runs in it and ends its wait. What begins in it afterwards runs.
 */
export abstract class Scope {
  /** What aborts this scope; `undefined` for the outermost. An owner has not ended. */
  owner: Scope | undefined;
  /** On whose behalf this goes on, where that is not its owner. */
  origin: Scope | undefined;
  /** @internal */ nextSibling: Scope | undefined;
  /** @internal */ previousSibling: Scope | undefined;
  #firstChild: Scope | undefined;
  #waiting: { interrupt(reason: unknown): void } | undefined;
  /** Whether it is over: what is begun in it now belongs to its owner. */
  ended = false;
  /** Set once this scope was aborted. */
  stopped: { readonly reason: unknown } | undefined;
  /** Set while calls that begin in this scope are rejected with this reason. */
  closed: { readonly reason: unknown } | undefined;
  /** When the current wait will end by itself, if that is known. */
  waitsUntil = 0;

  /** The moment, on the monotonic clock, when this scope is aborted; `Infinity` when there is none. */
  get deadline(): number {
    let deadline = this.ownDeadline;
    for (let scope = this.owner; scope; scope = scope.owner) deadline = Math.min(deadline, scope.ownDeadline);
    return deadline;
  }

  /** The deadline that this scope adds to those of its owners. */
  protected get ownDeadline(): number {
    return Infinity;
  }

  /** What names the request or job this belongs to, across log lines. */
  get correlationId(): string {
    return this.#namedBy()?.ownCorrelationId ?? '';
  }

  #namedBy(): Scope | undefined {
    return this.#outwards().findLast((scope) => scope.ownsCorrelationId);
  }

  /** Whether this scope can name itself; the outermost that can names all it holds. */
  protected get ownsCorrelationId(): boolean {
    return false;
  }

  protected get ownCorrelationId(): string {
    return '';
  }

  /** Aborts everything that runs in this scope, and interrupts what it is waiting for. */
  abort(reason: unknown): void {
    // A list instead of recursion: calls may be nested deeper than the stack. It is complete before any listener runs,
    // so that what a listener begins is not aborted.
    const reached = this.descendants();
    for (const scope of reached) scope.stop(reason);
    for (let index = reached.length - 1; index >= 0; index--) reached[index]!.interrupt(reason);
  }

  /** Takes note of an abort. */
  protected stop(reason: unknown): void {
    this.stopped ??= { reason };
  }

  /** The app is about to close: what goes on here comes to its end, and begins nothing more by itself. */
  drain(reason: unknown): void {
    for (const scope of this.descendants()) scope.beginDrain(reason);
  }

  /** What this scope itself does when the app is about to close. */
  protected beginDrain(_reason: unknown): void {}

  /** Takes note that a call begun here failed with `error` after all its attempts. */
  noteSpent(error: unknown): void {
    for (const scope of this.#outwards()) scope.rememberSpent(error);
  }

  /** This scope and those on whose behalf it goes on. */
  #outwards(): Scope[] {
    const found: Scope[] = [this];
    for (let next = this.origin ?? this.owner; next; next = next.origin ?? next.owner) found.push(next);
    return found;
  }

  protected rememberSpent(_error: unknown): void {}

  /** Whether anything begun in this scope is not over yet. */
  get busy(): boolean {
    return this.#firstChild !== undefined;
  }

  /** Whether a shutdown waits for this scope. */
  get active(): boolean {
    return true;
  }

  /** Whether this scope ends when its owner does, rather than going on in the scope around. */
  protected get endsWithOwner(): boolean {
    return false;
  }

  /** Everything begun directly in this scope and not over yet: a copy, since what is ended takes itself out. */
  children(): Scope[] {
    const children: Scope[] = [];
    for (let child = this.#firstChild; child; child = child.nextSibling) children.push(child);
    return children;
  }

  /** This scope and everything that runs in it, from the outside in. */
  descendants(): Scope[] {
    const found: Scope[] = [this];
    for (let index = 0; index < found.length; index++)
      for (let child = found[index]!.#firstChild; child; child = child.nextSibling) found.push(child);
    return found;
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

  /** Ends this scope. What still runs in it goes on in its owner, where aborts and a shutdown reach it. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    const { owner, nextSibling: next, previousSibling: previous } = this;
    if (!owner) return;
    if (previous) previous.nextSibling = next;
    else if (owner.#firstChild === this) owner.#firstChild = next;
    if (next) next.previousSibling = previous;
    this.nextSibling = this.previousSibling = undefined;
    if (this.#firstChild) this.#handOver(owner);
    owner.childEnded();
  }

  #handOver(owner: Scope): void {
    const children = this.children();
    this.#firstChild = undefined;
    // With the outermost as their owner they would no longer tell what they are begun for. This scope itself is not kept
    // for that: of a method that goes on in calls of its own, each would keep the one before.
    const origin = owner.owner ? undefined : this.#namedBy();
    for (const child of children) {
      child.nextSibling = child.previousSibling = undefined;
      child.origin ??= origin;
      owner.adopt(child);
      if (child.endsWithOwner) child.end();
    }
  }

  /** A scope waits for one thing at a time; an interrupt ends that wait with its reason and gives up its cause. */
  wait<T>(wait: Wait<T> | BeginWait<T>, until = 0): Promise<T> {
    const waited = typeof wait === 'function' ? new CallbackWait(wait) : wait;
    this.waitsUntil = until;
    this.#waiting = waited;
    const promise = waited.beginFor(this);
    this.#interruptIfStopped();
    return promise;
  }

  /** Waits for `promise`, or for an interrupt, whichever comes first; a late rejection is taken care of. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting = { interrupt: reject };
      Promise.resolve(promise).then(resolve, reject);
      this.#interruptIfStopped();
    });
  }

  /** An abort that came before the wait began must end it all the same. */
  #interruptIfStopped(): void {
    if (this.stopped) this.interrupt(this.stopped.reason);
  }

  /** @internal The wait is over, whatever it was. */
  settled(): void {
    this.#waiting = undefined;
    this.waitsUntil = 0;
  }

  /** @internal Ends the current wait, if there is one. */
  interrupt(reason: unknown): void {
    const waiting = this.#waiting;
    this.settled();
    waiting?.interrupt(reason);
  }

  /** @internal Something begun here is over. */
  childEnded(): void {}
}
