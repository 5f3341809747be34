import type { Problem } from '../../core/options/index.js';
import { isTurnedOn, type Layer } from '../../runtime/index.js';
import type { AnyMethod } from '../metadata/undecorated-methods.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import { isRoute, unsafeVerb } from '../metadata/method-target.js';

/** Metadata key under which Nest keeps the injected parameters of a handler. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE_PASSTHROUGH = '__responsePassthrough__';

/** The values of Nest's `RouteParamtypes` for `@Res()` and `@Next()`. */
const RESPONSE = '1:';
const NEXT = '2:';

/** Whether a handler gets the response of its request. */
export function getsResponse(classType: object | null, { key, method }: DecoratedMethod): boolean {
  // What GraphQL injects into a resolver has the same numbers.
  if (classType === null || !isRoute(method)) return false;
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS, classType, key as string) ?? {}) as object;
  return Object.keys(parameters).some((index) => index.startsWith(RESPONSE) || index.startsWith(NEXT));
}

/** Whether a handler writes the response itself, so that its return value is not sent. */
export const answersItself = (classType: object | null, decorated: DecoratedMethod): boolean =>
  getsResponse(classType, decorated) &&
  !Reflect.getMetadata(RESPONSE_PASSTHROUGH, classType!, decorated.key as string);

/** Checks the options of a handler. Adds a layer if repeating the request may be harmful. */
export function validateRoute(
  method: AnyMethod,
  isAnsweredByHand: boolean,
  layers: Layer[],
  warn: (reason: string) => void,
): Problem[] {
  const options = layers.map((layer) => layer.options as Record<string, unknown>);
  const verb = unsafeVerb(method);
  const nearest = (option: string) => options.findLast((layer) => layer[option] !== undefined)?.[option];
  const asks = isTurnedOn(nearest('retry'));
  const idempotent = options.map(({ retry }) => idempotentOf(retry)).findLast((value) => value !== undefined);
  if (verb && asks && !idempotent) {
    warn(`is a ${verb} route: it is not retried unless retry.idempotent is true`);
    layers.push({ from: `${verb} route`, options: { retry: false } });
  }
  if (!isAnsweredByHand) return [];
  const message = 'got a handler that answers through @Res() or @Next(), allowed: with { passthrough: true }';
  return ['cache', 'fallback']
    .filter((option) => isTurnedOn(nearest(option)))
    .map((path) => ({ path, message }));
}

const idempotentOf = (retry: unknown): boolean | undefined =>
  typeof retry === 'object' && retry !== null ? (retry as { idempotent?: boolean }).idempotent : undefined;
