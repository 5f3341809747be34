import { describeError } from '../../core/errors/index.js';
import type { Problem } from '../../core/options/index.js';
import type { PrincipalFunction } from '../../core/strategy/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { Layer, OperationPlan } from '../../runtime/index.js';
import { currentExecutionContext } from './request-scope.js';

/** Who may share the results of a method. */
export interface Ownership {
  /** Returns the current principal; `undefined` if results do not depend on it. */
  readonly principal: (() => string) | undefined;
  readonly problems: readonly Problem[];
}

/** The cache settings of a method. */
interface Asked {
  readonly handler: boolean;
  /** Its resolved options. */
  readonly options: OperationPlan['options'];
  /** Its layers, the farthest first. */
  readonly layers: readonly Layer[];
  /** The module's `cache.principal`. */
  readonly principal: PrincipalFunction | undefined;
}

const NOBODY: Ownership = { principal: undefined, problems: [] };

/**
 * Decides who may share the cached results of a method. Those of a service depend on its arguments. Those of a
 * handler may depend on the user, so the options must say how to identify one.
 */
export function ownershipOf({ handler, options, layers, principal: ofModule }: Asked): Ownership {
  const option = sharingOption(options);
  if (option === undefined) return NOBODY;
  const value = (field: string): unknown => options[`${option}.${field}`]?.value;
  const distance = (field: string): number => layers.findLastIndex((layer) => writes(layer, option, field));
  /** Module defaults do not count: they do not know what this handler returns. */
  const says = (field: string): boolean =>
    Boolean(value(field)) && options[`${option}.${field}`]?.from !== 'defaults';

  const asked = value('principal') as PrincipalFunction | undefined;
  const isEverybodys = value('share') === true && distance('share') > distance('principal');
  if (asked && !isEverybodys) return ownedBy(asked, option);
  if (!handler || says('share')) return NOBODY;
  if (ofModule) return ownedBy(ofModule, option);
  if (says('key')) return NOBODY;
  const inDefaults = ['share', 'key'].filter((field) => value(field)).map((field) => `${field} in defaults`);
  const given = inDefaults.length > 0 ? ` but for ${inDefaults.join(' and ')}` : '';
  const message =
    `got a handler that does not say whose its answers are${given}, allowed: with share: true, ` +
    "with principal(context) here or in the module's cache, or with a key of its own";
  return { principal: undefined, problems: [{ path: option, message }] };
}

/** The option by which calls share results. The cache includes single-flight. */
export const sharingOption = (options: OperationPlan['options']): 'cache' | 'singleFlight' | undefined =>
  (['cache', 'singleFlight'] as const).find(
    (name) => options[`${name}.share`] !== undefined && options[`${name}.enabled`]?.value !== false,
  );

const ownedBy = (ask: PrincipalFunction, option: string): Ownership => ({
  principal: principalBy(ask, `${option}.principal`),
  problems: [],
});

function writes({ options }: Layer, option: string, field: string): boolean {
  const written = (options as Record<string, unknown>)[option];
  return (
    typeof written === 'object' &&
    written !== null &&
    (written as Record<string, unknown>)[field] !== undefined
  );
}

const NO_REQUEST =
  'it is asked outside of a request, or by a handler that no interceptor of the app runs for; put ' +
  "@UseInterceptors(OperoInterceptor) on such a handler, or fieldResolverEnhancers: ['interceptors'] for GraphQL's fields";

/** Calls the principal function for the current request. If it throws, the call runs uncached for that reason. */
function principalBy(ask: PrincipalFunction, option: string): () => string {
  // Messages may differ from call to call: only the first causes a warning.
  let firstFailure: string | undefined;
  return () => {
    const context = currentExecutionContext();
    if (!context) throw new Error(`${option} is not known: ${NO_REQUEST}`);
    let answer: unknown;
    try {
      answer = ask(context);
    } catch (cause) {
      firstFailure ??= describeError(cause);
      throw new Error(`${option} threw ${firstFailure}`, { cause });
    }
    if (typeof answer === 'string' && answer !== '') return answer;
    throw new Error(`${option} answered with ${kindOf(answer)}, allowed: a text that is not empty`);
  };
}

/** Describes a value without showing it: it may be a secret. */
function kindOf(answer: unknown): string {
  if (answer === undefined || answer === null) return String(answer);
  if (answer === '') return 'an empty text';
  if (!isThenable(answer)) return `a value of type ${typeof answer}`;
  answer.then(undefined, () => undefined);
  return 'a promise';
}
