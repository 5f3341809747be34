import { copyTree, freeze, type Nature } from '../../core/values/index.js';
import { decode, type Encoded } from './codec.js';

export const NO_TAGS: readonly string[] = [];

/** What is kept under a key. The times are ms since the epoch, on the wall clock that all processes share. */
interface Envelope {
  /** Marks what this package wrote, and in which shape. */
  readonly opero: 1;
  readonly storedAt?: number;
  readonly expires?: number;
  readonly stale?: number;
  /** Which eviction of the whole operation came before the load. */
  readonly epoch?: number;
  /** The ids of its tags, and the generation of tags that was known when its load began. */
  readonly tags?: readonly string[];
  readonly generation?: number;
  /** How long the load took, in ms. */
  readonly took?: number;
  /** Whether the value is what `cache.revive` is given. */
  readonly revive?: 1;
  /** Whether nothing of the value can be changed. */
  readonly frozen?: 1;
  /** The value, where the store keeps it as it is. Absent when it is `undefined`. */
  readonly value?: unknown;
  /** The value as text, where the store would make something else of it. */
  readonly text?: string;
}

/** What an entry can be evicted by, besides its key. */
export interface Tagged {
  /** The ids of its tags. */
  readonly tags: readonly string[];
  /** The generation of tags that was known when its load began. */
  readonly generation: number;
}

/** What tells whether an entry was evicted with others. */
export interface Origin extends Tagged {
  /** Which eviction of the whole operation came before the load. */
  readonly epoch: number;
}

/** A stored result. */
export interface Entry extends Origin {
  /** When it was stored; 0 if that is not known. */
  readonly storedAt: number;
  /** Until when it is good; `Infinity` without an end. */
  readonly expires: number;
  /** Until when a failure may be answered with it; 0 without staleIfError. */
  readonly stale: number;
  /** How long the load took, in ms; 0 if that is not known. */
  readonly took: number;
  readonly value: unknown;
  /** What can be done with the value, once somebody has looked. */
  readonly nature: Nature | undefined;
  /**
   * Until when a copy of what the store has is used without asking the store, in ms of the clock's `now()`; `Infinity` for
   * an entry that only this process has.
   */
  readonly localUntil: number;
  /** From when on this process needs it no more. */
  readonly keptUntil: number;
}

/** How long an entry is good, and how long it may be served in spite of that, in ms. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleIfError: number;
  readonly staleWhileRevalidate: number;
  /** How long the load took. */
  readonly took: number;
}

/** The moments of an entry that is stored now. */
export const lifeOf = (
  { ttl, staleIfError, staleWhileRevalidate, took }: Lifetime,
  now: number,
  { epoch, tags, generation }: Origin,
) => ({
  storedAt: now,
  expires: now + ttl,
  stale: staleIfError > 0 && ttl < Infinity ? now + ttl + staleIfError : 0,
  epoch,
  tags,
  generation,
  took,
  /** How long a store has to keep it, in ms. */
  kept: ttl + Math.max(staleIfError, staleWhileRevalidate),
});

/** An entry that this process keeps. */
export const entryOf = (
  { storedAt, expires, stale, epoch, tags, generation, took, kept }: ReturnType<typeof lifeOf>,
  value: unknown,
  nature: Nature,
  localUntil: number,
): Entry => ({
  storedAt,
  expires,
  stale,
  epoch,
  tags,
  generation,
  took,
  value,
  nature,
  localUntil,
  keptUntil: storedAt + kept,
});

/** Wraps an encoded value for a store. */
export function seal(
  encoded: Encoded,
  life: ReturnType<typeof lifeOf>,
  revive: boolean,
  frozen: boolean,
): object {
  const { storedAt, expires, stale, epoch, tags, generation, took } = life;
  return {
    opero: 1,
    storedAt,
    ...(expires < Infinity && { expires }),
    ...(stale > 0 && { stale }),
    ...(epoch > 0 && { epoch }),
    ...(tags.length > 0 && { tags, generation }),
    ...(took > 0 && { took }),
    ...(revive && { revive: 1 }),
    ...(frozen && { frozen: 1 }),
    ...('value' in encoded && encoded.value === undefined ? undefined : encoded),
  };
}

/** What a store gave back, if it is an envelope; anything else counts as nothing. Throws what its getters throw. */
export function open(stored: unknown, revive: (plain: unknown) => unknown): Entry | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const envelope = stored as Envelope;
  if (envelope.opero !== 1) return undefined;
  const told = toldBy(envelope);
  if (!told) return undefined;
  const { text, frozen } = envelope;
  const plain = text === undefined ? copyTree(envelope.value) : decode(text);
  if (frozen) freeze(plain);
  const value = envelope.revive ? revive(plain) : plain;
  return { ...told, value, nature: undefined, localUntil: Infinity, keptUntil: 0 };
}

/** What an envelope tells of its value; `undefined` if anything of it cannot be. */
function toldBy({
  storedAt = 0,
  expires = Infinity,
  stale = 0,
  epoch = 0,
  took = 0,
  generation = 0,
  tags = NO_TAGS,
}: Envelope) {
  const areMoments = [storedAt, expires, stale, epoch, took, generation].every(isMoment);
  return areMoments && isList(tags) ? { storedAt, expires, stale, epoch, took, generation, tags } : undefined;
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

const isMoment = (value: unknown): boolean => typeof value === 'number' && value >= 0;

/** An entry from the future was stored before the clock was set back: nobody knows how old it is. */
const isPast = ({ storedAt }: Entry, now: number): boolean => storedAt <= now;

/** Whether an entry is good, by its own time and by the ttl that holds now. */
export function isFresh(entry: Entry, now: number, ttl: number): boolean {
  const { storedAt, expires } = entry;
  if (now >= expires || !isPast(entry, now)) return false;
  if (ttl === Infinity) return true;
  return storedAt > 0 ? now - storedAt < ttl : expires === Infinity || expires - now <= ttl;
}

/** Whether an entry past its ttl may be served while it is refreshed, until `window` ms after the ttl that holds now. */
export function isRevalidatable(entry: Entry, now: number, ttl: number, window: number): boolean {
  return now < endOf(entry, ttl) + window && isPast(entry, now);
}

/** When an entry ends by its own time and by the ttl that holds now. */
const endOf = ({ storedAt, expires }: Entry, ttl: number): number =>
  storedAt > 0 ? Math.min(expires, storedAt + ttl) : expires;

/** How long an entry is good yet, in ms. */
export const remainingOf = (entry: Entry, now: number, ttl: number): number =>
  Math.max(0, endOf(entry, ttl) - now);

/**
 * Whether a reader of a fresh entry should have it loaded anew: XFetch of Vattani, Chierichetti and Lowenstein, "Optimal
 * Probabilistic Cache Stampede Prevention" (2015). `random` is from 0 to 1.
 */
export const isDue = (entry: Entry, now: number, ttl: number, beta: number, random: number): boolean =>
  now - entry.took * beta * Math.log(random) >= endOf(entry, ttl);

/** Whether a failure may be answered with an entry. */
export const isServable = (entry: Entry, now: number): boolean => now < entry.stale && isPast(entry, now);
