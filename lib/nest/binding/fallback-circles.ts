import type { Operation } from '../../runtime/index.js';
import type { Problem } from '../../core/options/index.js';

/**
 * Finds methods that fall back to themselves, directly or through others: when they fail they would call each other
 * forever. `find` returns the operation of a method by name. The member of the cycle that is defined last reports it.
 */
export function validateNoCircle(own: string, find: (name: string) => Operation | undefined): Problem[] {
  const leadsBack = (name: string, passed: Set<string>): boolean => {
    if (name === own) return true;
    if (passed.has(name)) return false;
    passed.add(name);
    return namedBy(find(name)).some((next) => leadsBack(next, passed));
  };
  return namedBy(find(own))
    .filter((name) => leadsBack(name, new Set()))
    .map((name) => ({
      path: 'fallback',
      message: `got '${name}', allowed: a method that does not fall back to this one`,
    }));
}

function namedBy(operation: Operation | undefined): string[] {
  const targets = operation?.optionsOf('fallback')?.use;
  return Array.isArray(targets) ? targets.filter((target) => typeof target === 'string') : [];
}
