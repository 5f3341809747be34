/** Any method. */
export type AnyMethod = (...args: never[]) => unknown;

/** What stands in for a decorated method on its class, and the method as it was written. */
const bare = new WeakMap<AnyMethod, AnyMethod>();

export function rememberBare(standIn: AnyMethod, method: AnyMethod): void {
  bare.set(standIn, method);
}

/** Whether a function stands in for a decorated method. */
export const isStandIn = (method: AnyMethod): boolean => bare.has(method);

/** The method as it was written. */
export const bareMethod = (method: AnyMethod): AnyMethod => bare.get(method) ?? method;
