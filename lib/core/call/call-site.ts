/** Where a call came from: its stack is put into words only when it is read. */
export interface CallSite {
  readonly stack?: unknown;
}

/** Frames that are captured: ours come first, and are left out. */
const DEPTH = 30;
/** Frames of a call site that are appended. */
const MOST_FRAMES = 10;
/** Call sites in one stack: those of nested calls, or of calls that throw one and the same error. */
const MOST_SITES = 3;
const MARK = ' (nestjs-opero)';

/** The folder of this package as stacks show it; `undefined` where it cannot be told, as in a bundle. */
const ownFolder = findOwnFolder();

/** Remembers where the caller stands. Costs some microseconds: only for development. */
export function captureCallSite(): CallSite {
  const site: CallSite = {};
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = DEPTH;
    Error.captureStackTrace(site, captureCallSite);
    Error.stackTraceLimit = limit;
  } catch {
    // Where the language's own objects are frozen there is no call site.
  }
  return site;
}

/**
 * Appends to an error's stack where the call came from that failed with it, and leaves out this package's frames. The
 * result reads like any stack. Nothing happens to what has no stack that can be changed, to an error whose stack shows
 * the place already, and to one that several calls have marked before.
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
    // An error that does not let itself be looked at stays as it is.
  }
}

/** Whatever is thrown may have a field of this name that tells something else. */
const isStack = (stack: string, error: unknown): boolean =>
  error instanceof Error || stack.includes('\n    at ');

/** Whether a stack shows a site, as far as either goes: one that is cut off shows its beginning. */
function shows(stack: readonly string[], site: readonly string[]): boolean {
  return stack.some(
    (line, at) => line === site[0] && site.every((frame, index) => (stack[at + index] ?? frame) === frame),
  );
}

/** Whether `stack` can be written; a getter of the error's own class is not ours to replace. */
function isChangeable(error: object): boolean {
  const property = Object.getOwnPropertyDescriptor(error, 'stack');
  if (!property) return false;
  return property.writable === true || property.set !== undefined;
}

/** The frames of a stack that are neither ours nor Node's. */
function framesOf(stack: unknown): string[] {
  if (typeof stack !== 'string') return [];
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at ') && !isOwn(line) && !line.includes('(node:'));
}

const isOwn = (line: string): boolean =>
  ownFolder !== undefined && line.startsWith('    at ') && line.includes(ownFolder);

/**
 * Read from a stack: what tells a module its own address differs between the kinds of modules. In the package this file
 * is part of a bundle whose name tells it from that of an app that was bundled itself, of which nothing is left out.
 */
function findOwnFolder(): string | undefined {
  const { stack } = captureCallSite();
  if (typeof stack !== 'string') return undefined;
  const own = /[( ]([^( \n][^(\n]*[\\/])(?:core[\\/]call[\\/]call-site|opero\.impl)\.[cm]?[jt]s:/;
  return own.exec(stack)?.[1];
}
