import type { ResolvedCache } from './cache.schema.js';
import { isDue, isFresh, isRevalidatable, lifeOf, type Entry, type Origin } from './envelope.js';
import type { EntriesContext } from './store-reports.js';

/** The longest ttl that a store is given: what lies beyond overflows the timers that some keep. */
const LONGEST_TTL = 2 ** 31 - 1;

/** What a store is told: whole ms, 0 for ever. */
export const storeTtl = (ttl: number): number =>
  ttl === Infinity ? 0 : Math.min(Math.ceil(ttl), LONGEST_TTL);

/** How long the entries of one operation are good, and how long they may be served past that. */
export class Lifetimes {
  constructor(
    private readonly options: ResolvedCache,
    private readonly context: Pick<EntriesContext, 'clock' | 'random'>,
  ) {}

  /** The moments of an entry that is stored now. */
  of(origin: Origin, ttl: number, took: number): ReturnType<typeof lifeOf> {
    const { jitter } = this.options;
    const own = ttl === Infinity ? ttl : ttl * (1 - jitter * this.context.random());
    return lifeOf({ ttl: own, took, ...this.#windows }, this.#date, origin);
  }

  /** How long an entry may be kept at most, in ms. */
  get longest(): number {
    return this.#ttl + Math.max(...Object.values(this.#windows));
  }

  /** From when on an entry of the store is of no use. */
  keptUntil({ expires }: Entry): number {
    return expires + Math.max(...Object.values(this.#windows));
  }

  isFresh(entry: Entry): boolean {
    return isFresh(entry, this.#date, this.#ttl);
  }

  mayRevalidate(entry: Entry): boolean {
    return isRevalidatable(entry, this.#date, this.#ttl, this.options.staleWhileRevalidate ?? 0);
  }

  /** Whether a fresh entry should be refreshed before its ttl is over. */
  isDue(entry: Entry): boolean {
    const beta = this.options.refreshAhead;
    return beta !== undefined && isDue(entry, this.#date, this.#ttl, beta, this.context.random());
  }

  /** How long an entry may be served past its ttl, and why. */
  get #windows() {
    const { staleIfError, staleWhileRevalidate = 0 } = this.options;
    return { staleIfError: staleIfError?.ttl ?? 0, staleWhileRevalidate };
  }

  /** How long an entry may be good at most; a function that decides knows no limit. */
  get #ttl(): number {
    const { ttl } = this.options;
    return typeof ttl === 'number' ? ttl : Infinity;
  }

  get #date(): number {
    return this.context.clock.date();
  }
}
