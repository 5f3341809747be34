import type { CallIdentity, Scope } from '../../core/call/index.js';
import type { CacheKeys } from './cache.key.js';
import type { Entries } from './entries.js';
import type { FlightTable } from './flight-table.js';
import type { RefreshHistory } from './refresh-history.js';
import type { GuardedStore } from './store.js';

/** What the cache of one operation works with. */
export interface CacheParts {
  readonly keys: CacheKeys;
  readonly flights: FlightTable;
  /** What is kept; `undefined` for single-flight alone. */
  readonly entries: Entries | undefined;
  /** How background refreshes went; `undefined` for single-flight alone. */
  readonly history: RefreshHistory | undefined;
  /** The app's store for a call; `undefined` where there is none, or none that may have what the call answers. */
  readonly guardOf: (identity: CallIdentity | undefined) => GuardedStore | undefined;
  /** Where loads run, apart from the calls that wait for them. */
  readonly root: Scope;
}
