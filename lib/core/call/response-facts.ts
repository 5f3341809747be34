import type { Call } from './call.js';
import { Scope } from './scope.js';

/** How the result of a handler came from its cache. */
export interface CacheFacts {
  readonly status: 'HIT' | 'MISS' | 'STALE';
  /** How long ago it was stored, in ms. */
  readonly age: number;
  /** How long it is good yet, in ms; `undefined` if that is not known. */
  readonly freshFor: number | undefined;
  /** Whether all users share it. */
  readonly isPublic: boolean;
}

/** What is left of the rate limit of a handler. */
export interface RateLimitFacts {
  readonly name: string | undefined;
  readonly limit: number;
  /** In ms. */
  readonly interval: number;
  /** How many attempts could start now. */
  readonly remaining: number;
  /** When one more could start, in ms from now. */
  readonly resetIn: number;
}

/** What the strategies of a handler tell of its result, for the headers of the response. */
export interface ResponseFacts {
  readonly cache?: CacheFacts;
  readonly rateLimit?: RateLimitFacts;
}

/** A scope with a response. */
export abstract class RespondingScope extends Scope {
  /** Records what a strategy tells of the result of `operation`. */
  abstract noteResponse(operation: string, facts: ResponseFacts): void;
}

/** Tells the response that `call` was made for, if any. The load of a result to be cached is made for its leader. */
export function noteResponse(call: Call, facts: ResponseFacts): void {
  const { owner } = (call.loadFor && call.origin) ?? call;
  if (owner instanceof RespondingScope) owner.noteResponse(call.operation.name, facts);
}
