import { runBare } from '../../core/call/index.js';
import type { OperoConfigurationError } from '../../core/errors/index.js';
import type { OperoRuntime } from '../../runtime/index.js';
import { protect } from '../edge/observables.js';
import { callUndecided, uncachedOf } from '../edge/undecided.js';
import type { BoundMethod } from './bound-method.js';
import type { BoundCall } from './shadow-host.js';

/**
 * Runs calls of a bound method through its operation, in the way the method returns: a promise, an Observable or a
 * value.
 */
export const boundCall =
  (
    binding: BoundMethod,
    runtimeOf: () => OperoRuntime | undefined,
    warn: (message: string) => void,
  ): BoundCall =>
  (self, method, args, identityOf) => {
    const runtime = runtimeOf();
    const { operation, problem, answers } = binding;
    if (problem) return answers === 'promise' ? Promise.reject(problem) : throwProblem(problem);
    if (!operation || !runtime) {
      warn(`${binding.name} was called before the options of OperoModule were there: it ran bare`);
      return runBare(binding.name, () => method.apply(self as never, args as never[]));
    }
    const identity = operation.caches ? binding.whose(identityOf(self)) : undefined;
    if (identity?.shared) (binding.identities ??= new Set()).add(identity);
    if (answers === 'promise')
      return operation.run({ self, method, args, identity }, runtime.scope, 'promise');
    const uncached = operation.caches ? uncachedOf(answers) : undefined;
    const invocation = { self, method, args, identity, uncached };
    if (answers === 'observable') return protect(runtime, operation, invocation);
    if (answers === 'direct') return operation.run(invocation, runtime.scope, 'direct');
    return callUndecided(runtime, operation, invocation, (kind) => binding.learn(kind));
  };

function throwProblem(problem: OperoConfigurationError): never {
  throw problem;
}
