import { CallbackWait, type BeginWait, type Interruptible, type Wait } from './wait.js';
import { WaitsTogether } from './waits-together.js';

/**
 * A scope in which calls are made: an app, an incoming request, an attempt of another call. Aborting a scope aborts
 * everything that runs in it and ends its wait. Calls made afterwards run normally.
 */
export abstract class Scope {
  /** The surrounding scope, which has not ended; `undefined` for the outermost. */
  owner: Scope | undefined;
  /** The scope this was started for, if that is not its owner. */
  origin: Scope | undefined;
  /** @internal */ nextSibling: Scope | undefined;
  /** @internal */ previousSibling: Scope | undefined;
  #firstChild: Scope | undefined;
  #waiting: Interruptible | undefined;
  /** Whether it has ended: calls made in it now belong to its owner. */
  ended = false;
  /** Set when this scope was aborted. */
  stopped: { readonly reason: unknown } | undefined;
  /** Set while new calls in this scope are rejected with this reason. */
  closed: { readonly reason: unknown } | undefined;
  /** When the current wait ends, in ms on the monotonic clock; 0 if unknown. */
  waitsUntil = 0;

  /** When this scope will be aborted, in ms on the monotonic clock; `Infinity` without a time limit. */
  get deadline(): number {
    let deadline = this.ownDeadline;
    for (let scope = this.owner; scope; scope = scope.owner) deadline = Math.min(deadline, scope.ownDeadline);
    return deadline;
  }

  /** The deadline of this scope alone. */
  protected get ownDeadline(): number {
    return Infinity;
  }

  /** Id of the request or job this belongs to, for logs. */
  get correlationId(): string {
    return this.#namedBy()?.ownCorrelationId ?? '';
  }

  #namedBy(): Scope | undefined {
    return this.#outwards().findLast((scope) => scope.ownsCorrelationId);
  }

  /** Whether this scope has an id of its own; the outermost one that has names everything in it. */
  protected get ownsCorrelationId(): boolean {
    return false;
  }

  protected get ownCorrelationId(): string {
    return '';
  }

  /** Aborts everything that runs in this scope and interrupts its waits. */
  abort(reason: unknown): void {
    // A list instead of recursion, because calls may be nested deeper than the stack. It is complete before any
    // listener runs, so that calls made by a listener are not aborted.
    const reached = this.descendants();
    for (const scope of reached) scope.stop(reason);
    for (let index = reached.length - 1; index >= 0; index--) reached[index]!.interrupt(reason);
  }

  /** Records an abort. */
  protected stop(reason: unknown): void {
    this.stopped ??= { reason };
  }

  /** The app is about to close: running calls finish, but start no retry or hedge. */
  drain(reason: unknown): void {
    for (const scope of this.descendants()) scope.beginDrain(reason);
  }

  /** The reaction of this scope alone. */
  protected beginDrain(_reason: unknown): void {}

  /** Records that a call made here failed with `error` after all its attempts. */
  noteSpent(error: unknown): void {
    for (const scope of this.#outwards()) scope.rememberSpent(error);
  }

  /** This scope and all that surround it, following `origin` before `owner`. */
  #outwards(): Scope[] {
    const found: Scope[] = [this];
    for (let next = this.origin ?? this.owner; next; next = next.origin ?? next.owner) found.push(next);
    return found;
  }

  protected rememberSpent(_error: unknown): void {}

  /** Whether anything in this scope has not ended. */
  get busy(): boolean {
    return this.#firstChild !== undefined;
  }

  /** Whether a shutdown waits for this scope. */
  get active(): boolean {
    return true;
  }

  /** Whether this scope ends with its owner instead of moving to the scope around it. */
  protected get endsWithOwner(): boolean {
    return false;
  }

  /** A copy of the direct children that have not ended. */
  children(): Scope[] {
    const children: Scope[] = [];
    for (let child = this.#firstChild; child; child = child.nextSibling) children.push(child);
    return children;
  }

  /** This scope and everything that runs in it, outermost first. */
  descendants(): Scope[] {
    const found: Scope[] = [this];
    for (let index = 0; index < found.length; index++)
      for (let child = found[index]!.#firstChild; child; child = child.nextSibling) found.push(child);
    return found;
  }

  /** Whether a direct child that has not ended passes `test`. */
  some(test: (child: Scope) => boolean): boolean {
    for (let child = this.#firstChild; child; child = child.nextSibling) if (test(child)) return true;
    return false;
  }

  /** Adds `child` to this scope. */
  adopt(child: Scope): void {
    child.owner = this;
    child.nextSibling = this.#firstChild;
    if (this.#firstChild) this.#firstChild.previousSibling = child;
    this.#firstChild = child;
  }

  /** Ends this scope. Its children move to its owner, where aborts and a shutdown reach them. */
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
    // Under the outermost scope the children would lose their correlation id. Only the scope that has the id is
    // retained, not this one: a method that keeps calling itself would otherwise retain all its calls.
    const origin = owner.owner ? undefined : this.#namedBy();
    for (const child of children) {
      child.nextSibling = child.previousSibling = undefined;
      child.origin ??= origin;
      owner.adopt(child);
      if (child.endsWithOwner) child.end();
    }
  }

  /** An interrupt rejects the wait with its reason and cancels it. */
  wait<T>(wait: Wait<T> | BeginWait<T>, until = 0): Promise<T> {
    const waited = typeof wait === 'function' ? new CallbackWait(wait) : wait;
    this.waitsUntil = until;
    this.#waiting = this.#waiting ? new WaitsTogether(this.#waiting, waited) : waited;
    const promise = waited.beginFor(this);
    // An abort before the wait began must end it, too.
    if (this.stopped) this.interrupt(this.stopped.reason);
    return promise;
  }

  /** Waits for `promise` or an interrupt, whichever comes first. A late rejection is handled. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return this.wait((resolve, reject) => {
      Promise.resolve(promise).then(resolve, reject);
      return () => undefined;
    });
  }

  /** @internal The wait has ended: the latest, or `over`, which may end after the next has begun. */
  settled(over?: Interruptible): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (waiting instanceof WaitsTogether) this.#waiting = waiting.without(over);
    else if (!over || over === waiting) this.#noWait();
  }

  #noWait(): void {
    this.#waiting = undefined;
    this.waitsUntil = 0;
  }

  /** @internal Interrupts the current waits, if any. */
  interrupt(reason: unknown): void {
    const waiting = this.#waiting;
    this.#noWait();
    waiting?.interrupt(reason);
  }

  /** @internal A strategy's function that cancels a wait threw. */
  cancelFailed(_error: unknown): void {}

  /** @internal A child has ended. */
  childEnded(): void {}
}
