import type { CallIdentity, Scope } from '../../core/call/index.js';
import type { CacheResponses } from './cache-responses.js';
import type { CacheKeys } from './cache.key.js';
import type { Entries } from './entries.js';
import type { FlightTable } from './flight-table.js';
import type { Tags } from './tags.js';
import type { CachePauses } from './key-pauses.js';
import type { GuardedStore } from './store.js';

/** What the cache of one operation works with. */
export interface CacheParts {
  readonly keys: CacheKeys;
  readonly flights: FlightTable;
  readonly pauses: CachePauses;
  readonly tags: Tags;
  /** Returns the ids of tags, for the tenant of the current code. */
  readonly idsOf: (tags: readonly string[]) => readonly string[];
  /** What is kept; `undefined` for single-flight alone. */
  readonly entries: Entries | undefined;
  /** The app's store for a call; `undefined` where there is none, or none that may have what the call answers. */
  readonly guardOf: (identity: CallIdentity | undefined) => GuardedStore | undefined;
  /** Set on handlers of requests. */
  readonly responses: CacheResponses | undefined;
  /** Where loads run, apart from the calls that wait for them. */
  readonly root: Scope;
}
