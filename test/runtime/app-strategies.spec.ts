import { describe, expect, it } from '@jest/globals';
import {
  checks,
  defineStrategy,
  RefusedError,
  type OperoOptions,
  type StrategyDefinition,
} from 'nestjs-opero';
import { enclosingScope } from '../../lib/core/call/index.js';
import type { Problem } from '../../lib/core/options/index.js';
import { strategiesWith } from '../../lib/runtime/index.js';
import { Harness } from '../support/harness.js';

class SpentError extends RefusedError {
  readonly code = 'SPENT' as never;
}

const spent = (): SpentError => new SpentError('spent', 'Test', 0);

const never = () => new Promise<never>(() => undefined);

type Any = any;

/** A definition of a kind, with functions that do nothing but for `made`. */
const define = (kind: string, made: unknown, more: Any = {}): StrategyDefinition<any, any, any> =>
  defineStrategy({
    name: 'mine',
    option: 'mine',
    kind,
    ...(kind === 'gate'
      ? { before: 'bulkhead' }
      : kind === 'repeat'
        ? { after: 'retry' }
        : { before: 'cache' }),
    allowed: 'true or false',
    schema: checks.fields({}),
    events: ['mine-event'],
    create: () => ({ kind, ...(made as object) }),
    ...more,
  } as never) as never;

const gate = (made: Any, more: Any = {}) =>
  define('gate', { enter: () => 1, leave: () => undefined, ...made }, more);

function harnessWith(definition: StrategyDefinition<any, any, any>): Harness {
  const problems: Problem[] = [];
  const strategies = strategiesWith([definition], problems);
  expect(problems).toEqual([]);
  return new Harness({ strategies });
}

const mine = (more: OperoOptions = {}): OperoOptions => ({ ...more, mine: true }) as OperoOptions;

describe('a gate of the app', () => {
  it('that waits for a promise of its own is ended by a timeout, the caller and the shutdown', async () => {
    const harness = harnessWith(gate({ enter: never }));
    const timed = harness.wrap(mine({ timeout: { total: 50 } }), async () => 1);
    expect((await harness.outcome(timed())).error.code).toBe('OPERO_TOTAL_TIMEOUT');
    const open = harness.wrap(mine(), async () => 1)();
    open.catch(() => undefined);
    await harness.clock.settle();
    const closed = harness.runtime.close(10);
    await harness.clock.advance(10);
    await closed;
    await expect(open).rejects.toMatchObject({ code: 'OPERO_SHUTDOWN' });
  });

  it('gives a permit back that comes after its attempt was given up', async () => {
    const left: unknown[] = [];
    let admit!: (token: string) => void;
    const enter = () => new Promise<string>((resolve) => (admit = resolve));
    const harness = harnessWith(
      gate({ enter, leave: (_attempt: unknown, token: unknown) => left.push(token) }),
    );
    const call = harness.wrap(mine({ timeout: { total: 50 } }), async () => 1);
    await harness.outcome(call());
    expect(left).toEqual([]);
    admit('late');
    await harness.clock.settle();
    expect(left).toEqual(['late']);
  });

  it.each([0, 1, 2, 3, 4])('ends with an abort that comes %s turns after its permit', async (turns) => {
    let given = 0;
    const harness = harnessWith(gate({ enter: async () => ++given, leave: () => given-- }));
    const caller = new AbortController();
    const invocation = { self: undefined, method: never, args: [] };
    const { result } = harness.operation(mine()).start(invocation, harness.runtime.root, caller.signal);
    result.catch(() => undefined);
    await harness.clock.settle(turns);
    caller.abort(new Error('left'));
    expect((await harness.outcome(result)).error.message).toBe('left');
    expect(given).toBe(0);
  });

  it('keeps the slot of a bulkhead further out free while it waits in vain', async () => {
    const harness = harnessWith(gate({ enter: never }, { before: undefined, after: 'bulkhead' }));
    const call = harness.wrap(mine({ bulkhead: 1, timeout: { total: 50 } }), async () => 1);
    for (let turn = 0; turn < 3; turn++)
      expect((await harness.outcome(call())).error.code).toBe('OPERO_TOTAL_TIMEOUT');
  });

  it.each([
    ['by an async enter', async (attempt: Any) => attempt.refuse(spent())],
    ['by what a wait resolves with', (attempt: Any) => attempt.wait((resolve: Any) => (resolve(attempt.refuse(spent())), () => undefined))],
    ['by what a wait rejects with', (attempt: Any) => attempt.wait((_resolve: Any, reject: Any) => { const error = spent(); attempt.refuse(error); reject(error); return () => undefined; })],
  ])('rejects an attempt %s, and the method does not run', async (_title, enter) => {
    const left: unknown[] = [];
    const harness = harnessWith(gate({ enter, leave: () => left.push(1) }));
    let runs = 0;
    const call = harness.wrap(mine(), async () => ++runs);
    expect((await harness.outcome(call())).error).toBeInstanceOf(SpentError);
    expect([runs, left]).toEqual([0, []]);
  }); // prettier-ignore

  it.each(['leave', 'start'])('whose %s throws or rejects is reported, and the result and other permits stay', async (name) => {
    for (const fail of [() => { throw new Error('boom'); }, () => Promise.reject(new Error('boom'))]) {
      const harness = harnessWith(gate({ [name]: fail }));
      const call = harness.wrap(mine({ bulkhead: 1 }), async () => 'answer');
      for (let turn = 0; turn < 3; turn++) expect((await harness.outcome(call())).value).toBe('answer');
      expect(harness.warnings.join()).toContain(`${name}() of the strategy mine failed`);
      expect([...harness.runtime.operations.values()][0]!.snapshot().counts).toMatchObject({ 'callback-error': 3, success: 3 });
    }
  }); // prettier-ignore

  it('whose wait cannot be cancelled without an error ends with its caller', async () => {
    const cancel = () => { throw new Error('boom'); }; // prettier-ignore
    const harness = harnessWith(gate({ enter: (attempt: Any) => attempt.wait(() => cancel) }));
    const call = harness.wrap(mine({ timeout: { total: 50 } }), async () => 1);
    expect((await harness.outcome(call())).error.code).toBe('OPERO_TOTAL_TIMEOUT');
    expect(harness.warnings.join()).toContain('the function that cancels a wait failed');
  });
});

describe('a gate of the app that answers nonsense', () => {
  it('is left once if its promise answers twice after the attempt was given up', async () => {
    const left: unknown[] = [];
    let admit!: (token: string) => void;
    const enter = () => ({ then: (resolve: Any) => (admit = resolve) });
    const harness = harnessWith(
      gate({ enter, leave: (_attempt: unknown, token: unknown) => left.push(token) }),
    );
    const call = harness.wrap(mine({ timeout: { total: 50 } }), async () => 1);
    await harness.outcome(call());
    for (const token of ['one', 'two']) admit(token);
    await harness.clock.settle();
    expect(left).toEqual(['one']);
  });

  it.each([
    ['at once', (refused: unknown) => refused],
    ['later', async (refused: unknown) => refused],
  ])('and rejects an attempt without an error %s, is named by the error', async (_title, answer) => {
    let refused: unknown;
    const learn = harnessWith(gate({ enter: (attempt: Any) => (refused = attempt.refuse(spent())) }));
    await learn.outcome(learn.wrap(mine(), async () => 1)());
    const harness = harnessWith(gate({ enter: () => answer(refused) }));
    const { error } = await harness.outcome(harness.wrap(mine(), async () => 1)());
    expect(String(error)).toContain('the strategy mine rejected an attempt without attempt.refuse(error)');
  });

  it('keeps no permit of others if it throws when an attempt is released', async () => {
    const leave = (attempt: Any) =>
      attempt.whenReleased(() => {
        throw new Error('boom');
      });
    const harness = harnessWith(gate({ leave }, { before: undefined, after: 'bulkhead' }));
    const release: (() => void)[] = [];
    const call = harness.wrap(mine({ bulkhead: 1 }), async () => {
      release.push((enclosingScope() as Any).hold());
      return 'stream';
    });
    for (let turn = 0; turn < 3; turn++) {
      expect((await harness.outcome(call())).value).toBe('stream');
      release.pop()!();
    }
    expect(harness.warnings.join()).toContain('whenReleased() failed, permits are returned');
    expect(harness.runtime.root.children()).toEqual([]);
  });
});

describe('a repeat strategy of the app', () => {
  const failing = async () => {
    throw new Error('down');
  };

  it('counts attempts by what it decides', async () => {
    const harness = harnessWith(
      define('repeat', { afterFailure: ({ attempt }: Any) => (attempt < 5 ? 0 : 'none') }),
    );
    let runs = 0;
    const call = harness.wrap(mine(), async () => {
      runs++;
      throw new Error('down');
    });
    expect((await harness.outcome(call())).error.message).toBe('down');
    expect(runs).toBe(5);
  });

  it('that repeats at once for ever is ended by a timeout', async () => {
    const harness = harnessWith(define('repeat', { afterFailure: () => 0 }));
    const call = harness.wrap(mine({ timeout: { total: 3 } }), failing);
    const outcome = harness.outcome(call());
    await expect(outcome).resolves.toMatchObject({ error: { code: 'OPERO_TOTAL_TIMEOUT' } });
  });

  it.each([
    ['throws', () => { throw new Error('boom'); }],
    ['returns undefined', () => undefined],
    ['returns NaN', () => Number.NaN],
    ['returns a negative number', () => -5],
    ['returns a word', () => 'again'],
    ['returns a promise', async () => 0],
  ])('whose decision %s is reported, and the failure of the method stays', async (_title, afterFailure) => {
    const harness = harnessWith(define('repeat', { afterFailure }));
    expect((await harness.outcome(harness.wrap(mine(), failing)())).error.message).toBe('down');
    expect(harness.warnings.join()).toContain('afterFailure() of the strategy mine failed, no attempt follows');
  }); // prettier-ignore

  it('whose rejects answers with a promise accepts the result, and says so', async () => {
    const made = { afterFailure: () => 'none', rejects: async () => true };
    const harness = harnessWith(define('repeat', made));
    expect((await harness.outcome(harness.wrap(mine(), async () => 'good')())).value).toBe('good');
    expect(harness.warnings.join()).toContain(
      'rejects() of the strategy mine failed, the result is accepted',
    );
  });

  it.each(['begin', 'afterSuccess'])('whose %s throws keeps the result', async (name) => {
    const fail = () => { throw new Error('boom'); }; // prettier-ignore
    const harness = harnessWith(define('repeat', { afterFailure: () => 'none', [name]: fail }));
    expect((await harness.outcome(harness.wrap(mine(), async () => 'good')())).value).toBe('good');
    expect(harness.warnings.join()).toContain(`${name}() of the strategy mine failed`);
  });
});

describe('an around strategy of the app', () => {
  it('that never answers ends with the shutdown', async () => {
    const harness = harnessWith(define('around', { around: never }));
    const call = harness.wrap(mine(), async () => 1)();
    call.catch(() => undefined);
    await harness.clock.settle();
    const closed = harness.runtime.close(10);
    await harness.clock.advance(10);
    await closed;
    await expect(call).rejects.toMatchObject({ code: 'OPERO_SHUTDOWN' });
    expect(harness.runtime.root.children()).toEqual([]);
  });

  it('may answer for a timeout of what is inside it', async () => {
    const around = async (call: Any, next: Any) => {
      try {
        return await next.run(call);
      } catch {
        return 'instead';
      }
    };
    const harness = harnessWith(define('around', { around }));
    const call = harness.wrap(mine({ timeout: { total: 50 } }), never as () => Promise<string>);
    expect(await harness.outcome(call())).toMatchObject({ ok: true, value: 'instead' });
    expect(harness.runtime.root.children()).toEqual([]);
  });

  it('runs what is inside it once at a time', async () => {
    const twice = (call: Any, next: Any) => Promise.all([next.run(call), next.run(call)]);
    const harness = harnessWith(define('around', { around: twice }));
    const call = harness.wrap(mine(), async () => 1);
    expect((await harness.outcome(call())).error.message).toContain('called next.run() while it ran');
    const inTurn = async (one: Any, next: Any) => [await next.run(one), await next.run(one)];
    const other = harnessWith(define('around', { around: inTurn }));
    let runs = 0;
    expect((await other.outcome(other.wrap(mine(), async () => ++runs)())).value).toEqual([1, 2]);
  });
});

describe('the definition of a strategy of the app', () => {
  const operationWith = (definition: StrategyDefinition<any, any, any>, options = mine()) => {
    const harness = harnessWith(definition);
    return harness.operation(options);
  };
  const boom = () => { throw new Error('boom'); }; // prettier-ignore

  it.each(['shorthand', 'validate', 'facts', 'named', 'impliedBy', 'create'])(
    'says which function threw: %s',
    (name) => {
      const options = (name === 'shorthand' ? { mine: 5 } : mine()) as OperoOptions;
      const threw = {
        [name]: boom,
        ...(name === 'facts' && { validate: (_: unknown, __: unknown, ___: unknown) => [] }),
      };
      expect(() => operationWith(gate({}, threw), options)).toThrow(
        `mine: ${name}() of the strategy threw Error: boom`,
      );
    },
  );

  it.each([
    ['validate', () => undefined, 'returned undefined, allowed: a list of { path, message }'],
    ['validate', () => ['wrong'], "returned [ 'wrong' ], allowed: a list of { path, message }"],
    ['validate', async () => [], 'returned a promise, allowed: a list of { path, message }'],
    ['shorthand', async () => ({}), 'returned a promise, allowed: an object with fields, or undefined'],
    ['describe', () => 5, 'returned 5, allowed: an object with fields'],
    ['facts', () => ({ wait: 'x' }), "returned { wait: 'x' }, allowed: an object with facts"],
    ['facts', () => ({ retries: -3 }), 'returned { retries: -3 }, allowed: an object with facts'],
    ['facts', () => ({ waits: 3 }), 'returned { waits: 3 }, allowed: an object with facts'],
    ['create', () => 5, "returned 5, allowed: a strategy of kind 'gate' with enter() and leave(), or undefined"],
    ['create', async () => undefined, "returned a promise, allowed: a strategy of kind 'gate'"],
    ['create', () => ({ kind: 'around', around: never }), "allowed: a strategy of kind 'gate'"],
    ['create', () => ({ kind: 'gate', enter: () => 1 }), 'with enter() and leave()'],
  ])('says what %s returned that is not allowed', (name, answer, message) => {
    const options = (name === 'shorthand' ? { mine: 5 } : mine()) as OperoOptions;
    expect(() => operationWith(gate({}, { [name]: answer }), options)).toThrow(`mine: ${name}() of the strategy`);
    expect(() => operationWith(gate({}, { [name]: answer }), options)).toThrow(message);
  }); // prettier-ignore

  it('with a snapshot that fails leaves it out, and all others can be read', () => {
    for (const snapshot of [boom, () => 5, async () => ({})]) {
      const harness = harnessWith(gate({}, { snapshot }));
      const operation = harness.operation(mine({ circuitBreaker: true }));
      expect(operation.snapshot().strategies).toMatchObject({
        mine: {},
        circuitBreaker: { state: 'closed' },
      });
      expect(harness.warnings.join()).toContain('mine: snapshot() of the strategy');
    }
  });

  it('has state of its own, whatever others call theirs', async () => {
    const create = (_: unknown, { own }: Any) => {
      const state = own.once('slots', () => ({ entered: 0 }));
      return { kind: 'gate', enter: () => ++state.entered, leave: () => undefined };
    };
    const harness = harnessWith(gate({}, { create }));
    const call = harness.wrap(mine({ bulkhead: 1 }), async () => 'answer');
    expect((await harness.outcome(call())).value).toBe('answer');
  });

  it('emits its own events only, also with the attempt as their source', async () => {
    const create = (_: unknown, { monitor }: Any) => ({
      kind: 'gate',
      enter: (attempt: Any) => {
        monitor.emit('mine-event', attempt);
        monitor.emit('nope', attempt.call);
        monitor.emit('mine-event');
        return 1;
      },
      leave: () => undefined,
    });
    const harness = harnessWith(gate({}, { create }));
    const operation = harness.operation(mine());
    const invocation = { self: undefined, method: async () => 'answer', args: [] };
    expect(await operation.run(invocation, harness.runtime.scope, 'promise')).toBe('answer');
    expect(operation.snapshot().counts).toMatchObject({ 'mine-event': 1 });
    expect(operation.snapshot().counts).not.toHaveProperty('nope');
    expect(harness.warnings).toEqual([
      "Test.method1 lost an event of mine: emit() got 'nope', allowed: its events, mine-event",
      'Test.method1 lost an event of mine: emit() got no call as its source',
    ]);
  });

  it.each([
    [{ shorthand: 5 }, 'strategies[0].shorthand: got 5, allowed: a function'],
    [{ isStateful: true }, 'strategies[0].isStateful: got true, allowed: a function'],
    [{ schema: checks.fields({ a: Number as never }) }, 'strategies[0].schema: got'],
    [{ errors: { X: 42 } }, 'strategies[0].errors: got { X: 42 }, allowed: an HTTP status from 400 to 599 for each code'],
    [{ errors: { OPERO_SHUTDOWN: 418 } }, "strategies[0].errors: got 'OPERO_SHUTDOWN', which this library has"],
    [{ events: ['*'] }, "strategies[0].events: got [ '*' ], allowed: a list of different names"],
    [{ events: ['e', 'e'] }, 'strategies[0].events: got'],
    [{ hooks: { onMine: ['nope'] } }, "strategies[0].hooks.onMine: got 'nope', allowed: an event of the strategy or of the pipeline"],
    [{ hooks: { onMine: 'mine-event' } }, 'strategies[0].hooks: got'],
    [{ operationHooks: { onMine: ['mine-event'] } }, 'strategies[0].operationHooks: got an unknown name'],
    [{ snapshots: () => ({}) }, 'strategies[0].snapshots: got an unknown name (did you mean snapshot?)'],
    [{ option: 'enabled' }, "strategies[0].option: got 'enabled', which another option has"],
    [{ option: 'constructor' }, "strategies[0].option: got 'constructor', which another option has"],
    [{ option: '__proto__' }, "strategies[0].option: got '__proto__', which another option has"],
  ] as [Any, string][])('is checked by field: %j', (more, message) => {
    const problems: Problem[] = [];
    strategiesWith([gate({}, more)], problems);
    expect(problems.map(({ path, message: text }) => `${path}: ${text}`).join('\n')).toContain(message);
  }); // prettier-ignore

  it('may stand next to one that comes later in the list', () => {
    const problems: Problem[] = [];
    const first = gate({}, { before: 'other' });
    const second = gate({}, { name: 'other', option: 'other', events: [] });
    const { order } = strategiesWith([first, second], problems);
    expect(problems).toEqual([]);
    expect(order.map(({ name }) => name).slice(-4)).toEqual(['mine', 'other', 'bulkhead', 'attempt timeout']);
  });

  it('that cannot be placed is one problem, and not one for each method that uses it', () => {
    const problems: Problem[] = [];
    const strategies = strategiesWith([gate({}, { kind: 'gates' })], problems);
    expect(problems).toHaveLength(1);
    const harness = new Harness({ strategies });
    expect(() => harness.operation(mine())).not.toThrow();
  });
});
