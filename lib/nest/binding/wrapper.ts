/** The parts of Nest's `InstanceWrapper` that are used, the same in 11.0 to 12.5. */
export interface Wrapper {
  readonly token: unknown;
  readonly name: unknown;
  readonly isAlias: boolean;
  readonly isTransient: boolean;
  /** The kind of enhancer, for a class named in a decorator such as `@UseGuards()`. */
  readonly subtype?: string;
  readonly metatype: unknown;
  readonly inject?: unknown;
  readonly host?: { readonly metatype?: { readonly name: string } };
  instance: unknown;
  getInstanceByContextId(contextId: unknown, inquirerId?: string): { instance?: unknown } | undefined;
  isDependencyTreeStatic(): boolean;
  /** Whether instances outlive their request: one for each tenant, or whatever a durable provider is made for. */
  isDependencyTreeDurable(): boolean;
}

/** The class of a wrapper's instances; `undefined` for a factory. */
export function classOf({ metatype, inject }: Wrapper): (new () => unknown) | undefined {
  return inject === null || inject === undefined ? (metatype as new () => unknown) : undefined;
}

/** The name of the module of a wrapper. */
export const originOf = (wrapper: Wrapper | undefined): string => wrapper?.host?.metatype?.name ?? '';
