/** What is kept under a key: the value and the times on the wall clock that it is good for. */
export interface Envelope {
  /** Marks what this package wrote, and in which shape. */
  readonly opero: 1;
  /** ms since the epoch; absent without a ttl. */
  readonly expires?: number;
  /** ms since the epoch until which a failure may be answered with it; absent without staleIfError. */
  readonly stale?: number;
  /** Absent when the value is `undefined`: stores that write JSON cannot say it. */
  readonly value?: unknown;
}

/** How long an entry is good, and how long the store must keep it. */
export interface Lifetime {
  readonly ttl: number | undefined;
  readonly staleIfError: number | undefined;
}

export function seal(value: unknown, { ttl, staleIfError }: Lifetime, now: number): Envelope {
  const envelope: Record<string, unknown> = { opero: 1 };
  if (ttl !== undefined) {
    envelope.expires = now + ttl;
    if (staleIfError !== undefined) envelope.stale = now + ttl + staleIfError;
  }
  if (value !== undefined) envelope.value = value;
  return envelope as unknown as Envelope;
}

/** What a store gave back, if it is an envelope; anything else counts as nothing. */
export function open(stored: unknown): Envelope | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { opero, expires, stale } = stored as Record<string, unknown>;
  if (opero !== 1 || !isMoment(expires) || !isMoment(stale)) return undefined;
  return stored as Envelope;
}

const isMoment = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value > 0);

export const isFresh = ({ expires }: Envelope, now: number): boolean =>
  expires === undefined || now < expires;

export const isServable = ({ stale }: Envelope, now: number): boolean => stale !== undefined && now < stale;
