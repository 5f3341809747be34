import {
  anyOf,
  EXHAUSTED,
  isAbort,
  isProgrammingError,
  LEAVE,
  UnacceptableResultError,
  type Call,
  type RepeatStrategy,
  type StrategyContext,
} from '../../core/index.js';

/** Where in the combinations of alternatives a call is. */
interface Round {
  readonly choices: readonly { readonly parameter: number; readonly values: readonly unknown[] }[];
  readonly positions: number[];
}

/**
 * Tries a method with one alternative of an argument after the other. Several such parameters go through their
 * combinations in priority order, the last parameter changing fastest.
 */
export class ArgFallbackStrategy implements RepeatStrategy {
  readonly kind = 'repeat';
  readonly #movesOn: (error: unknown) => boolean;

  constructor(
    private readonly alternatives: ReadonlyMap<number, readonly unknown[]>,
    on: Parameters<typeof anyOf>[0] | undefined,
    private readonly context: StrategyContext,
  ) {
    this.#movesOn = on ? anyOf(on) : (error) => !isAbort(error) && !isProgrammingError(error);
  }

  begin(call: Call): void {
    const choices = [...this.alternatives].map(([parameter, declared]) => ({
      parameter,
      values: choose(call.invocation.args[parameter], declared),
    }));
    const round: Round = { choices, positions: choices.map(() => 0) };
    call.notes.set(this, round);
    apply(call, round);
  }

  afterFailure(call: Call, error: unknown): number {
    const round = call.notes.get(this) as Round;
    const single = round.choices.every(({ values }) => values.length <= 1);
    if (single || (!(error instanceof UnacceptableResultError) && !this.#movesOn(error))) return LEAVE;
    if (!advance(round)) return EXHAUSTED;
    apply(call, round);
    this.context.monitor.emit('alternative', call, { error });
    return 0;
  }
}

/** A list in the argument's place is the caller's own; any other value is the only one; nothing means the declared. */
function choose(argument: unknown, declared: readonly unknown[]): readonly unknown[] {
  if (argument === undefined) return declared;
  return Array.isArray(argument) ? argument : [argument];
}

function apply(call: Call, { choices, positions }: Round): void {
  const args = [...call.invocation.args];
  const labels: string[] = [];
  for (const [index, { parameter, values }] of choices.entries()) {
    while (args.length < parameter) args.push(undefined);
    args[parameter] = values[positions[index]!];
    if (values.length > 0) labels.push(`arg[${parameter}]#${positions[index]! + 1}`);
  }
  call.args = args;
  call.alternative = labels.join(' ');
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
