/** Where a call was made. The stack is formatted only when it is read. */
export interface CallSite {
  readonly stack?: unknown;
}

/** Frames that are captured. The first are this package's own and are removed. */
const DEPTH = 30;
/** Frames of a call site that are appended. */
const MOST_FRAMES = 10;
/** Call sites in one stack: of nested calls, or of several calls that throw the same error. */
const MOST_SITES = 3;
const MARK = ' (nestjs-opero)';

/** The folder of this package as shown in stacks; `undefined` if unknown, as in a bundle. */
const ownFolder = findOwnFolder();

/** Captures the stack of the caller. Costs some microseconds: only for development. */
export function captureCallSite(): CallSite {
  const site: CallSite = {};
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = DEPTH;
    Error.captureStackTrace(site, captureCallSite);
    Error.stackTraceLimit = limit;
  } catch {
    // If `Error` is frozen there is no call site.
  }
  return site;
}

/**
 * Appends the call site to the stack of an error, and removes this package's frames. Does nothing if the stack cannot
 * be changed, already shows the call site, or already has several call sites.
 */
export function appendCallSite(error: unknown, site: CallSite, operation: string): void {
  try {
    const { stack } = error as { stack?: unknown };
    if (typeof stack !== 'string' || !isStack(stack, error) || !isChangeable(error as object)) return;
    const lines = framesOf(site.stack).slice(0, MOST_FRAMES);
    const shown = stack.split('\n').filter((line) => !isOwn(line));
    const sites = shown.filter((line) => line.endsWith(MARK)).length;
    if (lines.length === 0 || sites >= MOST_SITES || shows(framesOf(stack), lines)) return;
    Reflect.set(
      error as object,
      'stack',
      [...shown, `    at async ${operation}${MARK}`, ...lines].join('\n'),
    );
  } catch {
    // An error that throws when read stays unchanged.
  }
}

/** Any thrown object may have a `stack` field with another meaning. */
const isStack = (stack: string, error: unknown): boolean =>
  error instanceof Error || stack.includes('\n    at ');

/** Whether a stack contains a call site; either may be truncated. */
function shows(stack: readonly string[], site: readonly string[]): boolean {
  return stack.some(
    (line, at) => line === site[0] && site.every((frame, index) => (stack[at + index] ?? frame) === frame),
  );
}

/** Whether `stack` can be written. A getter of the error's own class is not replaced. */
function isChangeable(error: object): boolean {
  const property = Object.getOwnPropertyDescriptor(error, 'stack');
  if (!property) return false;
  return property.writable === true || property.set !== undefined;
}

/** The frames of a stack that are neither this package's nor Node's. */
function framesOf(stack: unknown): string[] {
  if (typeof stack !== 'string') return [];
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at ') && !isOwn(line) && !line.includes('(node:'));
}

const isOwn = (line: string): boolean =>
  ownFolder !== undefined && line.startsWith('    at ') && line.includes(ownFolder);

/**
 * Reads it from a stack: a module gets its own address differently in ES modules and in CommonJS. In the package this
 * file is part of a bundle, which is recognised by its name; no frame of a bundled app is left out.
 */
function findOwnFolder(): string | undefined {
  const { stack } = captureCallSite();
  if (typeof stack !== 'string') return undefined;
  const own = /[( ]([^( \n][^(\n]*[\\/])(?:core[\\/]call[\\/]call-site|opero\.impl)\.[cm]?[jt]s:/;
  return own.exec(stack)?.[1];
}
