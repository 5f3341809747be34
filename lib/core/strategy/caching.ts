/** The part of a cache that is used; cache-manager's `Cache` has it. Nothing more of a store is relied on. */
export interface CacheStore {
  /** The value, or a promise of it; `undefined` or `null` when there is none. */
  get(key: string): unknown;
  /** Keeps a value for `ttl` ms; 0 means for ever. */
  set(key: string, value: unknown, ttl?: number): unknown;
  del(key: string): unknown;
}

/** What a call is made for: a request, a message. `lib/nest` says what it looks like: Nest's `ExecutionContext`. */
export interface RequestContext {}

/**
 * Tells whose the answers to a request are: the same non-empty text for the same user, client or tenant. A call for
 * which it gives anything else, or throws, runs uncached.
 */
export type PrincipalFunction = (context: RequestContext) => string | undefined;

/** How results are cached in one app. */
export interface CachingSettings {
  /** The app's cache, as soon as it is known; without one, results are kept in this process. */
  readonly store: () => CacheStore | undefined;
  /** Name of the app, in all keys; '' for none. */
  readonly app: string;
  /** How many results are kept in this process. */
  readonly maxEntries: number;
  /** How many bytes they may take, roughly; `undefined` for any number. */
  readonly maxSize: number | undefined;
  /** Ms that the store may take before it is passed over. */
  readonly storeTimeout: number;
  /** Makes digests of arguments that cannot be guessed. */
  readonly keySecret: string | undefined;
  /** Whose data the current code works with; entries are never shared between tenants. */
  readonly tenant: (() => string | undefined) | undefined;
}
