import { Attempt } from './attempt.js';
import { Call } from './call.js';
import type { Scope } from './scope.js';

const NONE: readonly Attempt[] = [];

/** The attempts that go on until `call` has its answer: those it is made in, and those that wait for it or share it. */
export function attemptsAround(call: Scope): readonly Attempt[] {
  if (isOutermost(call)) return NONE;
  const scopes = new Set([call]);
  const found: Attempt[] = [];
  for (const scope of scopes) {
    if (scope instanceof Attempt && !scope.ended) found.push(scope);
    if (scope instanceof Call) for (const member of scope.loadFor?.nested ?? []) scopes.add(member);
    if (scope.owner) scopes.add(scope.owner);
    if (scope.origin) scopes.add(scope.origin);
  }
  return found;
}

/** Whether `call` is made in no other, and shares what it loads with none. */
function isOutermost(call: Scope): boolean {
  for (let scope: Scope | undefined = call; scope; scope = scope.owner) {
    if (scope.origin || scope instanceof Attempt || (scope instanceof Call && scope.loadFor)) return false;
  }
  return true;
}

/** Whether anything in `load` waits for what is held around `call`. */
export function waitsForHolder(load: Scope, call: Call): boolean {
  const held = new Set(attemptsAround(call).flatMap(({ tokens }) => tokens as readonly unknown[]));
  if (held.size === 0) return false;
  return load.descendants().some((scope) => {
    const wanted = scope instanceof Attempt ? scope.waitsFor : undefined;
    return wanted !== undefined && held.has(wanted);
  });
}
