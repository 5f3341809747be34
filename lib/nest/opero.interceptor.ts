import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import { OperoShutdownError, runInside } from '../core/index.js';
import { lastException, toEdgeError, toHttpException } from './http-errors.js';
import { OperoHost } from './opero.host.js';
import { RequestScope } from './request-scope.js';

interface ServerResponse {
  readonly writableFinished: boolean;
  once(event: 'close', listener: () => void): void;
  removeListener(event: 'close', listener: () => void): void;
}

/**
 * Stands at the edge of the app, for every handler: opens the scope that the calls of a request belong to, aborts
 * them when the client goes away, and turns our errors into what the transport sends. The strategies run further in,
 * in the bound methods, so a retry repeats neither guards nor pipes.
 */
@Injectable()
export class OperoInterceptor implements NestInterceptor {
  constructor(
    private readonly host: OperoHost,
    private readonly adapters: HttpAdapterHost,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { runtime } = this.host;
    if (!runtime) return next.handle();
    return new Observable((subscriber) => {
      const scope = new RequestScope(context);
      runtime.root.adopt(scope);
      if (runtime.stopped) scope.closed = { reason: new OperoShutdownError('a request') };
      const stopWatching = watchClient(context, scope);
      const over = () => {
        stopWatching();
        scope.end();
      };
      const observer = {
        next: (value: unknown) => subscriber.next(value),
        error: (error: unknown) => {
          over();
          subscriber.error(this.#translate(context, error));
        },
        complete: () => {
          over();
          subscriber.complete();
        },
      };
      // Subscribed inside, too: an Observable that a handler returns begins its work only now.
      const subscription = runInside(scope, () => next.handle().subscribe(observer), undefined);
      return () => {
        subscription.unsubscribe();
        over();
      };
    });
  }

  #translate(context: ExecutionContext, error: unknown): unknown {
    const own = lastException(error);
    if (own !== undefined) return own;
    const edge = toEdgeError(error);
    if (!edge) return error;
    const type = context.getType<string>();
    if (type !== 'http') return this.host.transportErrors.create(type, edge, error);
    if (edge.retryAfter !== undefined) {
      this.adapters.httpAdapter?.setHeader(
        context.switchToHttp().getResponse(),
        'Retry-After',
        String(edge.retryAfter),
      );
    }
    return toHttpException(edge, error);
  }
}

/** Aborts a request's scope when its client is gone before the answer. Returns how to stop watching. */
function watchClient(context: ExecutionContext, scope: RequestScope): () => void {
  if (context.getType() !== 'http') return () => undefined;
  const response = context.switchToHttp().getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  const raw = response.raw ?? response;
  if (typeof raw.once !== 'function') return () => undefined;
  const onClose = () => {
    if (!raw.writableFinished) scope.abort(new DOMException('The client went away', 'AbortError'));
  };
  raw.once('close', onClose);
  return () => raw.removeListener('close', onClose);
}
