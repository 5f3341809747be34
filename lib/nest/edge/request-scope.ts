import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { currentScope, RespondingScope, type ResponseFacts, type Scope } from '../../core/call/index.js';

declare module '../../core/strategy/caching.js' {
  interface RequestContext extends ExecutionContext {}
}

/** The parts of a request that are read, the same in express and fastify. */
export interface RequestLike {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/** An id from a client is accepted only if it is safe in logs and headers. */
const HARMLESS_ID = /^[\w.:-]{1,128}$/;

/** The scope of one incoming request, message or job. */
export class RequestScope extends RespondingScope {
  /** What strategies told of the results of handlers, by operation. */
  facts: Map<string, ResponseFacts> | undefined;
  #correlationId: string | undefined;
  #used = false;

  constructor(
    readonly context: ExecutionContext,
    /** Called when the first call starts in it: most requests of an app make none. */
    private readonly onFirstUse: () => void,
  ) {
    super();
  }

  override adopt(child: Scope): void {
    if (!this.#used) {
      this.#used = true;
      this.onFirstUse();
    }
    super.adopt(child);
  }

  noteResponse(operation: string, facts: ResponseFacts): void {
    if (this.context.getType() !== 'http') return;
    this.facts ??= new Map();
    this.facts.set(operation, { ...this.facts.get(operation), ...facts });
  }

  /** A shutdown does not wait for an open stream, but for the calls made for it. */
  override get active(): boolean {
    return this.some(({ active }) => active);
  }

  override childEnded(): void {
    this.owner?.childEnded();
  }

  protected override get ownsCorrelationId(): boolean {
    return true;
  }

  protected override get ownCorrelationId(): string {
    return (this.#correlationId ??= this.#given() ?? randomUUID());
  }

  #given(): string | undefined {
    const headers = this.#headers();
    const id = headers?.['x-request-id'] ?? headers?.['x-correlation-id'];
    return typeof id === 'string' && HARMLESS_ID.test(id) ? id : undefined;
  }

  #headers(): RequestLike['headers'] {
    if (this.context.getType() !== 'http') return undefined;
    return this.context.switchToHttp().getRequest<RequestLike>().headers;
  }
}

function currentRequestScope(): RequestScope | undefined {
  let scope = currentScope();
  while (scope && !(scope instanceof RequestScope)) scope = scope.origin ?? scope.owner;
  return scope;
}

/**
 * Returns the `ExecutionContext` of the current request, message or job, in any method called for it; `undefined`
 * outside of one.
 *
 * @example
 * const handler = currentExecutionContext()?.getHandler().name;
 */
export const currentExecutionContext = (): ExecutionContext | undefined => currentRequestScope()?.context;
