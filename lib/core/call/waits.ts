import { Attempt } from './attempt.js';
import { Call } from './call.js';
import { LinkedList, type Listed } from '../collections/linked-list.js';
import type { Scope } from './scope.js';

const NONE: readonly Attempt[] = [];

/** A resource that attempts hold while others wait for it. */
export abstract class Contended {
  /** Waits of nested calls and of loads: only these can be part of a deadlock. */
  readonly nested = new LinkedList<NestedWait>();
}

/** A wait of an attempt for a contended resource. */
export class NestedWait implements Listed<NestedWait> {
  list: LinkedList<NestedWait> | undefined;
  next: NestedWait | undefined;
  previous: NestedWait | undefined;

  constructor(readonly attempt: Attempt) {}
}

/**
 * The attempts that cannot end before `call` does: those it is nested in, and those that wait for or share its
 * result.
 */
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

/** Whether `call` is not nested in an attempt and shares no load. */
export function isOutermost(call: Scope): boolean {
  for (let scope: Scope | undefined = call; scope; scope = scope.owner) {
    if (scope.origin || scope instanceof Attempt || (scope instanceof Call && scope.loadFor)) return false;
  }
  return true;
}

/** Whether `load` waits, directly or through other waits, for a resource held around `call`: a deadlock. */
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

/** Adds the scopes that cannot end before `scope` does. An origin that has ended no longer waits for it. */
function addAround(scope: Scope, scopes: Set<Scope>): void {
  if (scope instanceof Call) for (const member of scope.loadFor?.nested ?? []) scopes.add(member);
  if (scope.owner) scopes.add(scope.owner);
  if (scope.origin && !scope.origin.ended) scopes.add(scope.origin);
}
