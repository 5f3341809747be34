/** A method of any signature. */
export type AnyMethod = (...args: never[]) => unknown;

/** From the function that replaces a decorated method on its class to the original method. */
const bare = new WeakMap<AnyMethod, AnyMethod>();

export function rememberBare(standIn: AnyMethod, method: AnyMethod): void {
  bare.set(standIn, method);
}

/** Whether a function replaces a decorated method. */
export const isStandIn = (method: AnyMethod): boolean => bare.has(method);

/** The original method. */
export const bareMethod = (method: AnyMethod): AnyMethod => bare.get(method) ?? method;
