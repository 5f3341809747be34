import {
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import { OperoShutdownError, type OperoError } from '../../core/errors/index.js';
import { runInside } from '../../core/call/index.js';
import { isUnseen, lastException, toEdgeError, toHttpException, toLogLine } from '../edge/http-errors.js';
import { OperoHost } from '../host/opero.host.js';
import { RequestScope } from '../edge/request-scope.js';

interface ServerResponse {
  readonly writableFinished: boolean;
  once(event: 'close', listener: () => void): void;
  removeListener(event: 'close', listener: () => void): void;
}

/**
 * The global interceptor for every handler. It opens the scope of the request, aborts its calls when the client
 * disconnects, and converts errors of this package to those of the transport. The strategies run inside, in the bound
 * methods, so a retry repeats neither guards nor pipes. Add it by hand only to a handler that global interceptors do
 * not reach.
 *
 * @example
 * @UseInterceptors(OperoInterceptor)
 * @Controller('prices')
 * class PricesController {}
 */
@Injectable()
export class OperoInterceptor implements NestInterceptor {
  readonly #logger = new Logger('Opero');

  constructor(
    private readonly host: OperoHost,
    private readonly adapters: HttpAdapterHost,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { runtime } = this.host;
    if (!runtime) return next.handle();
    return new Observable((subscriber) => {
      let stopWatching: (() => void) | undefined;
      const scope = new RequestScope(context, () => {
        if (!scope.ended) stopWatching = watchClient(context, () => this.#clientLeft(context, scope));
      });
      runtime.root.adopt(scope);
      if (runtime.stopped) scope.closed = { reason: new OperoShutdownError('a request') };
      const over = () => {
        stopWatching?.();
        scope.end();
      };
      const observer = {
        next: (value: unknown) => {
          this.#writeHeaders(context, scope);
          subscriber.next(value);
        },
        error: (error: unknown) => {
          const nobodyListens = scope.stopped?.reason === error && error instanceof ClientGone;
          over();
          // The client is gone: no filter or log should see an error.
          if (nobodyListens) subscriber.next(undefined);
          if (nobodyListens) subscriber.complete();
          else subscriber.error(this.#translate(context, scope, error));
        },
        complete: () => {
          over();
          subscriber.complete();
        },
      };
      // Subscribed inside the scope, too: an Observable returned by a handler starts its work only now.
      const subscription = runInside(scope, () => next.handle().subscribe(observer), undefined);
      return () => {
        subscription.unsubscribe();
        over();
      };
    });
  }

  #writeHeaders(context: ExecutionContext, scope: RequestScope): void {
    if (scope.facts) this.host.responseHeaders.write(context, scope, this.adapters.httpAdapter);
  }

  /** A POST in progress is not aborted unless that was configured. */
  #clientLeft(context: ExecutionContext, scope: RequestScope): void {
    const { method } = context.switchToHttp().getRequest<{ method?: string }>();
    const isSafe = method === 'GET' || method === 'HEAD';
    if (this.host.abortsOnDisconnect(context) ?? isSafe) {
      scope.abort(new ClientGone('The client went away', 'AbortError'));
    }
  }

  #translate(context: ExecutionContext, scope: RequestScope, error: unknown): unknown {
    this.#writeHeaders(context, scope);
    const type = context.getType<string>();
    if (type === 'http' && !this.host.translatesHttp) return error;
    const own = lastException(error);
    if (own !== undefined) return own;
    const edge = toEdgeError(error, (code) => this.host.runtime?.strategies.statusOf(code));
    if (!edge) return error;
    // Nest logs only errors that it does not know: the conversion must not hide them.
    if (isUnseen(edge)) {
      const { message, stack } = toLogLine(edge, error as OperoError);
      this.#logger.error(message, stack);
    }
    if (type !== 'http') return this.host.transportErrors.create(type, edge, error);
    if (edge.retryAfterSeconds !== undefined) {
      this.adapters.httpAdapter?.setHeader(
        context.switchToHttp().getResponse(),
        'Retry-After',
        String(edge.retryAfterSeconds),
      );
    }
    return toHttpException(edge, error);
  }
}

/** The abort reason of calls whose client disconnected. */
class ClientGone extends DOMException {}

/** Detects that a client disconnected before the response. Returns a function that stops watching. */
function watchClient(context: ExecutionContext, left: () => void): () => void {
  if (context.getType() !== 'http') return () => undefined;
  const response = context.switchToHttp().getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  const raw = response.raw ?? response;
  if (typeof raw.once !== 'function') return () => undefined;
  const onClose = () => {
    if (!raw.writableFinished) left();
  };
  raw.once('close', onClose);
  return () => raw.removeListener('close', onClose);
}
