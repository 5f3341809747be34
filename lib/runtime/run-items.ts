import { Attempt, linkSignal, OperoShutdownError, Scope, type Call, type Invocation } from '../core/index.js';
import { MapRun, windowOf, workersOf, type AnyIterable, type OpRun, type ResolvedMap } from '../map/index.js';
import type { Operation } from './operation.js';
import type { OperoRuntime } from './runtime.js';

/** What is run over the items. */
export interface ItemsTask<I> {
  readonly operation: Operation;
  readonly options: ResolvedMap;
  readonly invocation: (item: I) => Invocation;
  readonly signal?: AbortSignal;
}

/** Where the calls of one run belong: an abort, or a shutdown, reaches the run through it. */
class RunScope extends Scope {
  engine: { abort(reason: unknown): void; stopTaking(reason: unknown): void } | undefined;

  override abort(reason: unknown): void {
    if (this.stopped) return;
    this.engine?.abort(reason);
    super.abort(reason);
  }

  override drain(reason: unknown): void {
    this.engine?.stopTaking(reason);
  }

  abortCalls(reason: unknown): void {
    super.abort(reason);
  }
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
      const { call, result } = operation.start(invocation(item), scope, true);
      return { result, attempts: () => triesOf(call) };
    },
    abortRunning: (reason) => scope.abortCalls(reason),
    onStart: (engine) => {
      scope.engine = engine;
      living(owner).adopt(scope);
      if (runtime.closing) scope.drain(new OperoShutdownError(operation.name));
      else if (signal?.aborted) run.abort(signal.reason);
      else if (signal) unlink = linkSignal(signal, (reason) => scope.abort(reason));
      if (owner.stopped) run.abort(owner.stopped.reason);
    },
    onEnd: () => {
      unlink?.();
      scope.end();
    },
  });
  return run;
}

/** How often the method was tried, the try that was cut short included. */
function triesOf({ failures, current }: Call): number {
  const told = failures.some(
    ({ attempt, hedge, alternative }) =>
      attempt === current?.attempt && hedge === current.hedge && alternative === current.alternative,
  );
  const cutShort = current instanceof Attempt && current.invoked && !told;
  return failures.length + (cutShort ? 1 : 0);
}

/** A run may be made in a call and started after it. */
function living(scope: Scope): Scope {
  let owner = scope;
  while (owner.ended && owner.owner) owner = owner.owner;
  return owner;
}
