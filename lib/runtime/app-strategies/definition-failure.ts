import { describeError } from '../../core/errors/index.js';
import { show, type Problem } from '../../core/options/index.js';

/** A function in the definition of an app's strategy threw, or returned what is not allowed. */
export class DefinitionFailure extends Error {
  constructor(
    readonly option: string,
    message: string,
    cause?: unknown,
  ) {
    super(`${option}: ${message}`, { cause });
  }

  get problem(): Problem {
    return { path: this.option, message: this.message.slice(this.option.length + 2) };
  }
}

/** Runs a function of a definition, and checks what it returns. */
export function runChecked<R>(
  option: string,
  name: string,
  run: () => R,
  isAllowed: (answer: unknown) => boolean,
  allowed: string,
): R {
  let answer: R;
  try {
    answer = run();
  } catch (error) {
    throw new DefinitionFailure(option, `${name}() of the strategy threw ${describeError(error)}`, error);
  }
  if (isPromise(answer)) answer.then(undefined, () => undefined);
  else if (isAllowed(answer)) return answer;
  const got = isPromise(answer) ? 'a promise' : show(answer);
  throw new DefinitionFailure(option, `${name}() of the strategy returned ${got}, allowed: ${allowed}`);
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** Runs `work`. A {@link DefinitionFailure} becomes a problem, reported once. */
export function collectFailure<R>(problems: Problem[], work: () => R): R | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DefinitionFailure)) throw error;
    const { path, message } = error.problem;
    if (!problems.some((told) => told.path === path && told.message === message))
      problems.push({ path, message });
    return undefined;
  }
}
