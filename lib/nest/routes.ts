/** Where Nest keeps which parameters of a handler are injected. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE_PASSTHROUGH = '__responsePassthrough__';

/** The values of Nest's `RouteParamtypes` for `@Res()` and `@Next()`. */
const RESPONSE = '1:';
const NEXT = '2:';

/** Whether a handler writes the response itself, so that what the method returns is not sent. */
export function answersItself(classType: object | null, key: PropertyKey): boolean {
  if (classType === null) return false;
  const name = key as string;
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS, classType, name) ?? {}) as object;
  const injected = Object.keys(parameters).some(
    (index) => index.startsWith(RESPONSE) || index.startsWith(NEXT),
  );
  return injected && !Reflect.getMetadata(RESPONSE_PASSTHROUGH, classType, name);
}
