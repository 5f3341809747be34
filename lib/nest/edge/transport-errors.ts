import { toHttpException, type EdgeError } from './http-errors.js';

type ExceptionClass = new (error: object) => Error;

/** The exception classes of transports, if their packages are installed. */
export class TransportErrors {
  #rpc: ExceptionClass | undefined;
  #ws: ExceptionClass | undefined;

  /** Loads the packages that the app has. */
  async load(): Promise<void> {
    this.#rpc = await load('@nestjs/microservices', 'RpcException');
    this.#ws = await load('@nestjs/websockets', 'WsException');
  }

  /** The exception that the transport of this context sends to its client. */
  create(type: string, edge: EdgeError, cause: unknown): Error {
    const { status, code, message, retryAfterSeconds } = edge;
    const delay = retryAfterSeconds && { retryAfterSeconds };
    const body = { status: 'error', statusCode: status, code, message, ...delay };
    if (type === 'rpc' && this.#rpc) return withCause(new this.#rpc(body), cause);
    if (type === 'ws' && this.#ws) return withCause(new this.#ws(body), cause);
    // GraphQL uses the `extensions` of any error. From an HttpException drivers would build their own.
    if (type === 'graphql') {
      return Object.assign(new Error(message, { cause }), {
        extensions: { code, ...delay },
      });
    }
    return toHttpException(edge, cause);
  }
}

async function load(packageName: string, exported: string): Promise<ExceptionClass | undefined> {
  try {
    const found = (await import(packageName)) as Record<string, ExceptionClass | undefined>;
    return found[exported];
  } catch {
    return undefined;
  }
}

function withCause(error: Error, cause: unknown): Error {
  return Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
}
