// Compiled, never run: each line under @ts-expect-error must be a mistake to the compiler.
import { FallbackArg, Opero, OperoModule, seconds, type OperoOptions } from 'nestjs-opero';
import { Observable, of } from 'rxjs';

export class Right {
  @Opero()
  async bare(): Promise<void> {}

  @Opero('payments', { retry: 1 })
  async profile(): Promise<void> {}

  @Opero({
    retry: {
      retries: 3,
      backoff: 'fibonacci',
      jitter: 'equal',
      retryOn: [TypeError, 'ECONNRESET', 503, () => true],
    },
    timeout: seconds(2),
    cache: { ttl: 5, key: (id: number) => `id ${id}` },
    rateLimit: { limit: 10, interval: seconds(1), algorithm: 'smooth', burst: 5 },
    fallback: [{ value: 1 }, 'profile', (error: unknown) => error],
    argFallback: { param: 0, values: ['a'] },
    singleFlight: true,
    hedge: { delay: { quantile: 0.9, minimumCalls: 5 }, maxHedges: 2, idempotent: true },
    circuitBreaker: {
      shadow: true,
      openDuration: ({ openings, retryAfter }) => retryAfter ?? openings * 100,
    },
    bulkhead: {
      concurrency: 'adaptive',
      adaptive: { min: 2, max: 50 },
      queue: 5,
      priority: (id: number) => (id > 0 ? 'normal' : 'sheddable'),
    },
    onSuccess: ({ attempt, duration }) => attempt + duration,
  })
  async everything(_id: number, @FallbackArg('primary', 'backup') _provider?: string): Promise<void> {}

  @Opero({ retry: { retryOnResult: (result: string) => result === '' } })
  observable(): Observable<string> {
    return of('');
  }
}

export class Contained {
  @Opero({ retry: { budget: { tokens: 100, name: 'upstream' } }, hedge: 50 })
  async shortForms(): Promise<void> {}

  // @ts-expect-error a quantile needs its share
  @Opero({ hedge: { delay: { minimumCalls: 5 } } })
  async noQuantile(): Promise<void> {}

  // @ts-expect-error the budget has no such field
  @Opero({ retry: { budget: { token: 5 } } })
  async misspelt(): Promise<void> {}

  // @ts-expect-error a window has one of three types
  @Opero({ circuitBreaker: { window: { type: 'rate', size: 5 } } })
  async noWindow(): Promise<void> {}
}

type Colour = 'red' | 'green';

class Entity {
  private readonly own = 1;
  read = () => this.own;
}

export class Fitting {
  @Opero({ fallback: { value: [] } })
  async list(): Promise<{ id: number }[]> {
    return [];
  }

  @Opero('payments', { fallback: { use: ['list', { value: { colour: 'red', list: [1] } }], on: 503 } })
  async literal(): Promise<{ colour: Colour; list: number[] }> {
    return { colour: 'red', list: [] };
  }

  @Opero({ fallback: [() => 1, { value: new Entity() }] })
  async entity(): Promise<Entity> {
    return new Entity();
  }

  @Opero({ fallback: { value: JSON.parse('1') } })
  async anything(): Promise<number> {
    return 1;
  }

  @Opero({ fallback: { value: 'red' } })
  stream(): Observable<Colour> {
    return of('red');
  }

  @Opero({ fallback: { value: undefined } })
  async nothing(): Promise<void> {}
}

export class Misfitting {
  // @ts-expect-error a value of another type
  @Opero({ fallback: { value: 'none' } })
  async number(): Promise<number> {
    return 1;
  }

  // @ts-expect-error a value that is none of those
  @Opero({ retry: 1, fallback: [{ value: 'blue' }] })
  async colour(): Promise<Colour> {
    return 'red';
  }

  // @ts-expect-error an unknown option, with a fallback beside it
  @Opero({ retires: 1, fallback: { value: 1 } })
  async unknown(): Promise<number> {
    return 1;
  }
}

@Opero({ timeout: 5 })
export class OnClass {}

// @ts-expect-error an unknown option
export const unknown: OperoOptions = { retires: 3 };
// @ts-expect-error an unknown field
export const field: OperoOptions = { retry: { retires: 3 } };
// @ts-expect-error a wrong type
export const type: OperoOptions = { timeout: '5s' };
// @ts-expect-error a word that is none
export const word: OperoOptions = { retry: { backoff: 'cubic' } };
// @ts-expect-error a word that is none
export const concurrency: OperoOptions = { bulkhead: { concurrency: 'automatic' } };
// @ts-expect-error a priority that is none
export const priority: OperoOptions = { bulkhead: { concurrency: 1, queue: 1, priority: () => 'urgent' } };
// @ts-expect-error an algorithm that is none
export const algorithm: OperoOptions = { rateLimit: { limit: 1, algorithm: 'gcra' } };
// @ts-expect-error a limit is needed
export const limit: OperoOptions = { rateLimit: { interval: 5, limit: 'ten' } };
// @ts-expect-error a profile's name comes first
Opero({ retry: 1 }, 'payments');
// @ts-expect-error an option that is none
OperoModule.forRoot({ default: {} });

export class Wrong {
  // @ts-expect-error a property is no method
  @Opero() property = 1;

  // @ts-expect-error at least one value
  async none(@FallbackArg() _key?: string): Promise<void> {}
}
