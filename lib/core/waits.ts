import { Attempt } from './attempt.js';
import { Call } from './call.js';
import type { Scope } from './scope.js';

/** What attempts wait for, that others hold. */
const waits = new WeakMap<Attempt, object>();

export const noteWait = (attempt: Attempt, wanted: object): void => void waits.set(attempt, wanted);
export const endWait = (attempt: Attempt): void => void waits.delete(attempt);

/** The attempts that go on until `call` has its answer: those it is made in, and those that wait for it or share it. */
export function attemptsAround(call: Scope): Attempt[] {
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

/** Whether anything in `load` waits for what is held around `call`. */
export function waitsForHolder(load: Scope, call: Call): boolean {
  const held = new Set(attemptsAround(call).flatMap(({ tokens }) => tokens as readonly unknown[]));
  if (held.size === 0) return false;
  return load.descendants().some((scope) => {
    const wanted = scope instanceof Attempt ? waits.get(scope) : undefined;
    return wanted !== undefined && held.has(wanted);
  });
}
