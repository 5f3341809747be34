import { OperoConfigurationError, type Problem, type Target } from '../core/index.js';
import type { Layer, Operation, OperoOptions } from '../runtime/index.js';
import type { OperoHost } from './opero.host.js';

const target: Target = {
  answers: 'promise',
  prototype: undefined,
  parameters: 0,
  fallbackArguments: new Map(),
  parameterNames: [],
  handler: false,
};

/** Whether an option means nothing without a memory from one run to the next. */
const memories: Partial<Record<keyof OperoOptions, (written: any) => boolean>> = {
  cache: Boolean,
  singleFlight: Boolean,
  rateLimit: Boolean,
  bulkhead: Boolean,
  circuitBreaker: Boolean,
  hedge: (written) => written === true || (typeof written === 'object' && typeof written.delay !== 'number'),
  retry: (written) => typeof written?.budget === 'object' && written.budget?.name === undefined,
};

/** The operations of functions that are run by hand. */
export class FunctionOperations {
  readonly #byOptions = new WeakMap<object, Operation>();
  readonly #byName = new Map<string, { readonly operation: Operation; readonly written: string }>();
  #made = 0;

  constructor(private readonly host: OperoHost) {}

  /** The operation for these options: one for a profile, for a name, and else for the length of a run. */
  of(options: OperoOptions | string, functionName: string): Operation {
    const name = typeof options === 'string' ? options : options.name;
    if (name !== undefined) return this.#named(name, options, functionName);
    let operation = this.#byOptions.get(options as object);
    if (!operation) {
      this.#proveMemory(functionName, options as OperoOptions);
      operation = this.make(options, functionName);
      this.#byOptions.set(options as object, operation);
    }
    return operation;
  }

  /** All who use a name share its operation, and so must mean the same by it. */
  #named(name: string, options: OperoOptions | string, functionName: string): Operation {
    const written = signatureOf(options);
    const known = this.#byName.get(name);
    if (!known) {
      const operation = this.make(options, functionName);
      this.#byName.set(name, { operation, written });
      return operation;
    }
    if (known.written !== written) {
      const problem = `${name}: name: got other options than the first run with this name, allowed: the same`;
      throw new OperoConfigurationError([problem], name);
    }
    return known.operation;
  }

  /** A new operation. One without a name of its own is not listed, and goes with whoever holds it. */
  make(options: OperoOptions | string, functionName: string): Operation {
    const runtime = this.host.runtime!;
    const { defaults, profiles } = this.host.layers;
    const problems: Problem[] = [];
    const layers: Layer[] = [...defaults];
    const own: Layer[] = [];
    if (typeof options === 'string') {
      problems.push(...profiles.check(options));
      layers.push(...profiles.layers(options));
    } else own.push({ from: 'the call', options });
    const name = typeof options === 'string' ? options : `${functionName || 'anonymous'}#${++this.#made}`;
    const lines = problems.map(({ path, message }) => `${name}: ${path}: ${message}`);
    if (lines.length > 0) throw new OperoConfigurationError(lines, name);
    const operation = runtime.defineOrThrow({ name, layers: [...layers, ...own], own, target });
    if (typeof options !== 'string' && options.name === undefined) runtime.forget(operation);
    return operation;
  }

  /** An options object is written anew for each run; a limit or a cache would begin anew with it. */
  #proveMemory(functionName: string, options: OperoOptions): void {
    const name = functionName || 'anonymous';
    const lines = Object.entries(memories)
      .filter(([option, remembers]) => remembers(options[option as keyof OperoOptions]))
      .map(
        ([option]) =>
          `${name}: ${option}: got options made for one run, allowed: with a name, as a profile, or with wrap()`,
      );
    if (lines.length > 0) throw new OperoConfigurationError(lines, name);
  }
}

/** Options as text, to tell equal ones from others; functions count by their source. */
const signatureOf = (options: OperoOptions | string): string =>
  JSON.stringify(options, (_key, value: unknown) =>
    typeof value === 'function' || typeof value === 'bigint' ? String(value) : value,
  );
