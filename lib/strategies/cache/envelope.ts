import { decode, encode } from './codec.js';

/** What is kept under a key. The times are ms since the epoch, on the wall clock that all processes share. */
interface Envelope {
  /** Marks what this package wrote, and in which shape. */
  readonly opero: 1;
  readonly expires?: number;
  readonly stale?: number;
  /** The value, where the store keeps it as it is. Absent when it is `undefined`. */
  readonly value?: unknown;
  /** The value as text, where the store would make something else of it. */
  readonly text?: string;
}

/** A stored result. */
export interface Entry {
  /** Until when it is good; absent without a ttl. */
  readonly expires?: number;
  /** Until when a failure may be answered with it; absent without staleIfError. */
  readonly stale?: number;
  readonly value?: unknown;
}

/** How long an entry is good, and how long it may be served in spite of that. */
export interface Lifetime {
  readonly ttl: number | undefined;
  readonly staleIfError: number | undefined;
}

/** Wraps a value for a store. One that keeps references needs no encoding. */
export function seal(
  value: unknown,
  { ttl, staleIfError }: Lifetime,
  now: number,
  keepsReferences: boolean,
): object {
  const envelope: Record<string, unknown> = { opero: 1 };
  if (ttl !== undefined) {
    envelope.expires = now + ttl;
    if (staleIfError !== undefined) envelope.stale = now + ttl + staleIfError;
  }
  if (value !== undefined) Object.assign(envelope, keepsReferences ? { value } : encode(value));
  return envelope;
}

/** What a store gave back, if it is an envelope; anything else counts as nothing. */
export function open(stored: unknown): Entry | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const envelope = stored as Envelope;
  const { opero, expires, stale, text } = envelope;
  if (opero !== 1 || !isMoment(expires) || !isMoment(stale)) return undefined;
  if (text === undefined) return envelope;
  const decoded = decode(text);
  return decoded && { expires, stale, value: decoded.value };
}

const isMoment = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value > 0);

export const isFresh = ({ expires }: Entry, now: number): boolean => expires === undefined || now < expires;

export const isServable = ({ stale }: Entry, now: number): boolean => stale !== undefined && now < stale;
