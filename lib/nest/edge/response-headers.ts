import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { CacheFacts, RateLimitFacts, ResponseFacts } from '../../core/call/index.js';
import { EntityTags } from './entity-tags.js';
import type { RequestScope } from './request-scope.js';

/** The module's options for headers. */
interface HeaderOptions {
  readonly headers?: boolean;
  readonly cacheControl?: boolean;
}

type Headers = Readonly<Record<string, string>>;

/** Writes what the strategies of a route tell of its result into the headers of the response. */
export class ResponseHeaders {
  readonly #tags = new EntityTags();
  #headers = true;
  #cacheControl = false;

  constructor(
    /** The name of the route's operation. */
    private readonly operationOf: (context: ExecutionContext) => string | undefined,
  ) {}

  configure({ headers = true, cacheControl = false }: HeaderOptions = {}): void {
    this.#headers = headers;
    this.#cacheControl = cacheControl;
  }

  /** Call it before the app listens. */
  install(adapter: AbstractHttpAdapter | undefined): void {
    if (this.#headers) this.#tags.install(adapter);
  }

  /** Call it before the response is sent. Headers that are set already are kept. */
  write(context: ExecutionContext, scope: RequestScope, adapter: AbstractHttpAdapter | undefined): void {
    const { facts } = scope;
    scope.facts = undefined;
    // Methods that the route calls tell their own facts.
    const own = this.operationOf(context);
    const told = own === undefined ? undefined : facts?.get(own);
    const response = context.switchToHttp().getResponse<object>();
    if (!told || !adapter || adapter.isHeadersSent(response)) return;
    for (const [name, value] of Object.entries(this.#headersFor(context, told))) {
      if (adapter.getHeader(response, name) === undefined) adapter.setHeader(response, name, value);
    }
  }

  #headersFor(context: ExecutionContext, { cache, rateLimit }: ResponseFacts): Headers {
    const http = context.switchToHttp();
    const isRead = isSafe(http.getRequest<{ method?: string }>().method);
    const isTold = this.#headers;
    if (isTold && cache && isRead) this.#tags.want(http.getResponse());
    return {
      ...(isTold && cache && cacheHeaders(cache)),
      ...(isTold && rateLimit && limitHeaders(rateLimit)),
      ...(this.#cacheControl && isRead && cache && controlHeaders(cache)),
    };
  }
}

const isSafe = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD';

const seconds = (ms: number): string => String(Math.max(0, Math.floor(ms / 1_000)));

const secondsUp = (ms: number): number => Math.max(0, Math.ceil(ms / 1_000));

const cacheHeaders = ({ status, age }: CacheFacts): Headers => ({
  'X-Cache': status,
  ...(status !== 'MISS' && { Age: seconds(age) }),
});

const ONE_YEAR = 31_536_000_000;

const controlHeaders = ({ freshFor, age, isPublic }: CacheFacts): Headers =>
  freshFor === undefined
    ? {}
    : {
        // A cache on the way subtracts `Age` from `max-age`.
        'Cache-Control': `${isPublic ? 'public' : 'private'}, max-age=${seconds(Math.min(freshFor + age, ONE_YEAR))}`,
      };

/** The fields of draft-ietf-httpapi-ratelimit-headers-10; `w` is a whole number of seconds. */
function limitHeaders({ name = 'default', limit, interval, remaining, resetIn }: RateLimitFacts): Headers {
  const text = name.replaceAll(/[^ -~]/g, '').replaceAll(/["\\]/g, String.raw`\$&`);
  const policy = `"${text}"`;
  const window = interval % 1_000 === 0 ? `;w=${interval / 1_000}` : '';
  return {
    'RateLimit-Policy': `${policy};q=${limit}${window}`,
    RateLimit: `${policy};r=${remaining};t=${secondsUp(resetIn)}`,
  };
}
