import { Attempt } from './attempt.js';
import { Call } from './call.js';
import { LinkedList, type Listed } from '../collections/linked-list.js';
import type { Scope } from './scope.js';

const NONE: readonly Attempt[] = [];

/** What attempts hold while others wait for it. */
export abstract class Contended {
  /** The waits for it that others may wait for: of calls made in calls, and of loads. */
  readonly nested = new LinkedList<NestedWait>();
}

/** A wait of an attempt for what others hold. */
export class NestedWait implements Listed<NestedWait> {
  list: LinkedList<NestedWait> | undefined;
  next: NestedWait | undefined;
  previous: NestedWait | undefined;

  constructor(readonly attempt: Attempt) {}
}

/** The attempts that go on until `call` has its answer: those it is made in, and those that wait for it or share it. */
export function attemptsAround(call: Scope): readonly Attempt[] {
  if (isOutermost(call)) return NONE;
  const scopes = new Set([call]);
  const found: Attempt[] = [];
  for (const scope of scopes) {
    if (isUnderWay(scope)) found.push(scope);
    addAround(scope, scopes);
  }
  return found;
}

/** Whether `call` is made in no other, and shares what it loads with none. */
export function isOutermost(call: Scope): boolean {
  for (let scope: Scope | undefined = call; scope; scope = scope.owner) {
    if (scope.origin || scope instanceof Attempt || (scope instanceof Call && scope.loadFor)) return false;
  }
  return true;
}

/** Whether `load` waits for what is held around `call`, however many other waits lie between. */
export function waitsForHolder(load: Scope, call: Call): boolean {
  const scopes = new Set<Scope>([call]);
  for (const scope of scopes) {
    if (scope === load) return true;
    addAround(scope, scopes);
    if (!isUnderWay(scope)) continue;
    for (const token of scope.tokens)
      if (token instanceof Contended) for (const { attempt } of token.nested.all()) scopes.add(attempt.call);
  }
  return false;
}

const isUnderWay = (scope: Scope): scope is Attempt => scope instanceof Attempt && !scope.ended;

/** Adds what goes on until `scope` is over. Whoever has left waits no more for what was begun on its behalf. */
function addAround(scope: Scope, scopes: Set<Scope>): void {
  if (scope instanceof Call) for (const member of scope.loadFor?.nested ?? []) scopes.add(member);
  if (scope.owner) scopes.add(scope.owner);
  if (scope.origin && !scope.origin.ended) scopes.add(scope.origin);
}
