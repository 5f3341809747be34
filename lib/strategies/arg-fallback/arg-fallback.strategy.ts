import { isAbort, isProgrammingError, UnacceptableResultError } from '../../core/errors/index.js';
import { NoteKey, type Call } from '../../core/call/index.js';
import { ownCopy } from '../../core/values/index.js';
import {
  anyOf,
  ask,
  digestOf,
  type ErrorConditions,
  type RepeatDecision,
  type RepeatStrategy,
  type StrategyContext,
} from '../../core/strategy/index.js';

/** The alternatives of one parameter, and the key of each that was used so far. */
interface Choice {
  readonly parameter: number;
  readonly values: readonly unknown[];
  readonly digests: string[];
  /** Whether all callers have these values, and not one alone. */
  readonly common: boolean;
}

/** The current combination of alternatives of a call. */
interface Round {
  readonly choices: readonly Choice[];
  readonly positions: number[];
}

/** The settings of an argument fallback. */
export interface ArgFallbackParts {
  /** The declared alternatives by parameter index. */
  readonly alternatives: ReadonlyMap<number, readonly unknown[]>;
  readonly on: ErrorConditions | undefined;
  /** Whether an inner strategy keeps a state per alternative. */
  readonly keepsState: boolean;
}

/**
 * Runs further attempts with the alternatives of an argument. Several such parameters go through their combinations
 * in order of priority; the last parameter changes fastest.
 */
export class ArgFallbackStrategy implements RepeatStrategy {
  readonly kind = 'repeat';
  readonly #round = new NoteKey<Round>();
  readonly #declared: readonly Choice[];
  readonly #on: ((error: unknown) => boolean) | undefined;

  constructor(
    private readonly parts: ArgFallbackParts,
    private readonly context: StrategyContext,
  ) {
    this.#declared = [...parts.alternatives].map(([parameter, values]) => ({
      parameter,
      values,
      digests: parts.keepsState ? values.map(digestOf) : [],
      common: true,
    }));
    if (parts.on) this.#on = anyOf(parts.on);
  }

  begin(call: Call): void {
    const choices = this.#declared.map((declared) =>
      choose(call.invocation.args[declared.parameter], declared),
    );
    const round: Round = { choices, positions: choices.map(() => 0) };
    call.notes.set(this.#round, round);
    this.#apply(call, round);
  }

  afterFailure(call: Call, error: unknown): RepeatDecision {
    const round = call.notes.get(this.#round)!;
    const single = round.choices.every(({ values }) => values.length <= 1);
    if (single || !this.#movesOn(call, error)) return 'none';
    if (!advance(round)) return 'aggregate';
    this.#apply(call, round);
    this.context.monitor.emit('alternative', call, { error });
    return 0;
  }

  #movesOn(call: Call, error: unknown): boolean {
    if (error instanceof UnacceptableResultError) return true;
    const on = this.#on;
    if (!on) return !isAbort(error) && !isProgrammingError(error);
    return ask(call, 'argFallback.on', 'no other alternative is tried', () => on(error));
  }

  #apply(call: Call, { choices, positions }: Round): void {
    const args = [...call.invocation.args];
    const labels: string[] = [];
    for (const [index, { parameter, values, common }] of choices.entries()) {
      while (args.length < parameter) args.push(undefined);
      const value = values[positions[index]!];
      args[parameter] = common ? ownCopy(value) : value;
      if (values.length > 0) labels.push(`arg[${parameter}]#${positions[index]! + 1}`);
    }
    call.args = args;
    call.alternative = labels.join(' ');
    if (this.parts.keepsState) call.alternativeKey = keyOf(choices, positions);
  }
}

/**
 * The alternatives of one argument: a list passed by the caller; any other value alone; the declared ones if the
 * argument is missing.
 */
function choose(argument: unknown, declared: Choice): Choice {
  if (argument === undefined) return declared;
  const { parameter } = declared;
  // The caller may change its list while the call runs.
  if (Array.isArray(argument)) return { parameter, values: [...argument], digests: [], common: false };
  const position = declared.values.indexOf(argument);
  const digest = declared.digests[position];
  return { parameter, values: [argument], digests: digest === undefined ? [] : [digest], common: false };
}

/**
 * Identifies the current values in the order of their parameters. By value, not by position, because a circuit
 * belongs to the provider, whichever list names it.
 */
function keyOf(choices: readonly Choice[], positions: readonly number[]): string {
  let key = '';
  for (const [index, { values, digests }] of choices.entries()) {
    const position = positions[index]!;
    key += digests[position] ??= digestOf(values[position]);
  }
  return key;
}

function advance({ choices, positions }: Round): boolean {
  for (let index = choices.length - 1; index >= 0; index--) {
    if (positions[index]! + 1 < choices[index]!.values.length) {
      positions[index]!++;
      positions.fill(0, index + 1);
      return true;
    }
  }
  return false;
}
