import { OperoShutdownError } from '../core/errors/index.js';
import { linkSignal, type Invocation, type Scope } from '../core/call/index.js';
import { MapRun, windowOf, workersOf, type AnyIterable, type OpRun, type ResolvedMap } from '../map/index.js';
import type { Operation } from './operation.js';
import { RunScope } from './run-scope.js';
import type { OperoRuntime } from './runtime.js';

/** What is run over the items. */
export interface ItemsTask<I> {
  readonly operation: Operation;
  readonly options: ResolvedMap;
  readonly invocation: (item: I) => Invocation;
  readonly signal?: AbortSignal;
}

/** Runs an operation over many items, each through the whole pipeline. */
export function runItems<R, I>(
  runtime: OperoRuntime,
  items: AnyIterable<I>,
  task: ItemsTask<I>,
): OpRun<R, I> {
  const { operation, options, invocation, signal } = task;
  const scope = new RunScope();
  const owner = runtime.scope;
  let unlink: (() => void) | undefined;
  const run: MapRun<R, I> = new MapRun<R, I>(items, {
    clock: runtime.clock,
    loop: runtime.eventLoop,
    workers: workersOf(options),
    window: windowOf(options),
    ordered: options.ordered,
    stopOnError: options.stopOnError,
    shouldProcess: options.shouldProcess as ((item: I, index: number) => unknown) | undefined,
    begin: (item) => {
      const { call, result } = operation.start(invocation(item), scope, undefined, true);
      return { result, attempts: () => call.runs };
    },
    abortRunning: (reason) => scope.abortCalls(reason),
    onStart: (engine) => {
      scope.engine = engine;
      living(owner).adopt(scope);
      if (runtime.closing) scope.drain(new OperoShutdownError(operation.name));
      else if (signal?.aborted) run.abort(signal.reason);
      else if (signal) unlink = linkSignal(signal, (reason) => scope.abort(reason));
      if (owner.closed) run.abort(owner.closed.reason);
    },
    onEnd: () => {
      unlink?.();
      scope.end();
    },
  });
  return run;
}

/** A run may be made in a call and started after it. */
function living(scope: Scope): Scope {
  let owner = scope;
  while (owner.ended && owner.owner) owner = owner.owner;
  return owner;
}
