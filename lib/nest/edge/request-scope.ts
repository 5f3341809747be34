import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { currentScope, Scope } from '../../core/call/index.js';

declare module '../../core/strategy/caching.js' {
  interface RequestContext extends ExecutionContext {}
}

/** The part of a request that is read, the same in express and fastify. */
export interface RequestLike {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/** An id from outside is taken only if it can do no harm in logs and headers. */
const HARMLESS_ID = /^[\w.:-]{1,128}$/;

/** Everything begun on behalf of one incoming request, message or job. */
export class RequestScope extends Scope {
  #correlationId: string | undefined;
  #used = false;

  constructor(
    readonly context: ExecutionContext,
    /** Called when the first call begins on its behalf: most requests of an app need nothing of ours. */
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

  /** An open stream is no reason to wait; the calls made for it are. */
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
 * The `ExecutionContext` of the request, message or job being answered now, in any method called on its behalf;
 * `undefined` outside of one.
 */
export const currentExecutionContext = (): ExecutionContext | undefined => currentRequestScope()?.context;
