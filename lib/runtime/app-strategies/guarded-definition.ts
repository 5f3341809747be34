import {
  areFacts,
  type CreateContext,
  type Strategy,
  type StrategyDefinition,
} from '../../core/strategy/index.js';
import { runChecked } from './definition-failure.js';
import { guardedContext } from './guarded-context.js';
import { guardedStrategy } from './guarded-strategy.js';

const originals = new WeakMap<StrategyDefinition, StrategyDefinition>();

/** The definition as the app wrote it. */
export const originalOf = (definition: StrategyDefinition): StrategyDefinition =>
  originals.get(definition) ?? definition;

const isObject = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer);

const isProblem = (answer: unknown): boolean => {
  const { path, message } = (answer ?? {}) as { path?: unknown; message?: unknown };
  return typeof path === 'string' && typeof message === 'string';
};

/** The function of each kind without which a strategy does nothing. */
const FUNCTIONS: Partial<Record<Strategy['kind'], readonly string[]>> = {
  recover: ['recover'],
  around: ['around'],
  repeat: ['afterFailure'],
  gate: ['enter', 'leave'],
};

function isStrategyOf(kind: Strategy['kind'], answer: unknown): boolean {
  if (answer === undefined) return true;
  const given = answer as Record<string, unknown> | null;
  const functions = FUNCTIONS[kind] ?? [];
  return given?.kind === kind && functions.every((name) => typeof given[name] === 'function');
}

/** A strategy that a definition created, and the context it was created with. */
interface Made {
  readonly strategy: Strategy;
  readonly context: CreateContext;
}

/**
 * The definition of an app's strategy, whose functions cannot harm others: one that throws, or returns what is not allowed,
 * is reported with the option, and the strategies it creates are guarded.
 */
export function guardedDefinition(definition: StrategyDefinition): StrategyDefinition {
  const made = new WeakMap<Strategy, Made>();
  const checked = checkedFunctions(definition);
  const guarded: StrategyDefinition = {
    ...definition,
    ...checked,
    validate: validateAll(checked, definition.validate?.length ?? 2),
    create(resolved, context) {
      const strategy = createChecked(definition, resolved, context);
      if (!strategy) return undefined;
      const guard = guardedStrategy(definition.option, strategy, context);
      made.set(guard, { strategy, context });
      return guard;
    },
    snapshot: definition.snapshot && ((guard) => snapshotOf(definition, made.get(guard)!)),
  };
  originals.set(guarded, definition);
  return guarded;
}

const isBoolean = (answer: unknown): boolean => typeof answer === 'boolean';

/** The functions of a definition whose answers are checked. */
function checkedFunctions(definition: StrategyDefinition): Partial<StrategyDefinition> {
  const allowed = {
    shorthand: [(answer) => answer === undefined || isObject(answer), 'an object with fields, or undefined'],
    impliedBy: [isBoolean, 'true or false'],
    isStateful: [isBoolean, 'true or false'],
    facts: [
      (answer) => isObject(answer) && areFacts(answer as object),
      'an object with facts: numbers from 0, and idempotent',
    ],
    named: [isObject, 'an object with settings'],
    describe: [isObject, 'an object with fields'],
    validate: [(answer) => Array.isArray(answer) && answer.every(isProblem), 'a list of { path, message }'],
  } satisfies Partial<Record<keyof StrategyDefinition, [(answer: unknown) => boolean, string]>>;
  const checked = Object.entries(allowed).map(([name, [isAllowed, text]]) => {
    const original = definition[name as keyof StrategyDefinition] as
      ((...args: unknown[]) => unknown) | undefined;
    const run = (...args: unknown[]): unknown =>
      runChecked(definition.option, name, () => original!(...args), isAllowed, text);
    // A validation that looks at other strategies is known by its third parameter.
    return [name, original && Object.defineProperty(run, 'length', { value: original.length })];
  });
  return Object.fromEntries(checked) as Partial<StrategyDefinition>;
}

/** Validates the options, and runs at boot what would else fail when somebody asks. */
function validateAll(
  { validate, describe, facts }: Partial<StrategyDefinition>,
  parameters: number,
): NonNullable<StrategyDefinition['validate']> {
  const all: StrategyDefinition['validate'] = (resolved, target, others) => {
    describe?.(resolved);
    facts?.(resolved, target);
    return validate?.(resolved, target, others) ?? [];
  };
  return Object.defineProperty(all, 'length', { value: parameters });
}

function createChecked(
  definition: StrategyDefinition,
  resolved: unknown,
  context: CreateContext,
): Strategy | undefined {
  const { option, kind } = definition;
  const functions = (FUNCTIONS[kind] ?? []).map((name) => `${name}()`).join(' and ');
  return runChecked(
    option,
    'create',
    () => definition.create(resolved, guardedContext(definition, context)),
    (answer) => isStrategyOf(kind, answer),
    `a strategy of kind '${kind}' with ${functions}, or undefined`,
  );
}

/** The snapshot of a strategy; one that fails is left out, so that the others can be read. */
function snapshotOf(
  { option, snapshot }: StrategyDefinition,
  { strategy, context }: Made,
): { readonly [field: string]: unknown } {
  try {
    return runChecked(option, 'snapshot', () => snapshot!(strategy), isObject, 'an object');
  } catch (error) {
    context.warn(`has no snapshot of ${(error as Error).message}`);
    return {};
  }
}
