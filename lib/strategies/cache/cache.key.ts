import { types } from 'node:util';
import { describeError } from '../../core/errors/index.js';
import type { Call, CallIdentity } from '../../core/call/index.js';
import type { CachingSettings } from '../../core/strategy/index.js';
import { digestOfText } from '../../core/values/index.js';
import { canonical, UnkeyableError } from './canonical.js';
import type { ResolvedCache } from './cache.schema.js';
import type { KeyClasses } from './key-classes.js';

/** Longer texts are not part of a key as they are, and their digests are not kept. */
const SHORT = 200;
/** Digests that are kept for each operation. */
const MOST_DIGESTS = 1_000;

/** Makes the keys of one operation. Throws {@link UnkeyableError} where no key is safe. */
export class CacheKeys {
  constructor(
    operation: string,
    private readonly options: Pick<ResolvedCache, 'key' | 'namespace' | 'share'>,
    private readonly settings: Pick<CachingSettings, 'app' | 'keySecret' | 'tenant'>,
    private readonly classes: KeyClasses,
  ) {
    const app = settings.app === '' ? '' : `${part(settings.app)}:`;
    this.#prefix = `${options.namespace}:${app}${part(operation)}`;
  }
  readonly #prefix: string;

  /** Where the store keeps when the whole operation was evicted. No key of a call looks like this. */
  get epoch(): string {
    return `${this.#prefix}::#epoch`;
  }

  /** The key of a call: what it may share is in it, and what keeps it apart. */
  of(call: Call, whose: string, inProcess: boolean): string {
    const { args } = call.invocation;
    const { key } = this.options;
    const within = key && ((...given: never[]) => call.within(() => key(...given)));
    return `${this.#prefix}:${whose}:${this.#what(args, inProcess, within)}`;
  }

  /** `inProcess` keys are never seen outside, so short ones need no digest. */
  make(args: readonly unknown[], identity: CallIdentity | undefined, inProcess: boolean): string {
    return `${this.#prefix}:${this.whose(identity)}:${this.#what(args, inProcess, this.options.key)}`;
  }

  /** The part of a key that tells instances and users apart. Throws where it is not known who asks. */
  whose(identity: CallIdentity | undefined): string {
    const parts = [this.options.share ? '' : part(identity?.id ?? '')];
    const principal = identity?.principal?.();
    if (principal) parts.push(this.#digest(principal));
    return parts.join('/');
  }

  #what(args: readonly unknown[], inProcess: boolean, key: ResolvedCache['key']): string {
    const { tenant } = this.settings;
    const scope = tenant ? [this.#tenant(tenant)] : [];
    if (!key) {
      const contents = canonical(tenant ? [...scope, ...args] : args, this.classes);
      return inProcess && contents.length <= SHORT ? `~${contents}` : this.#digest(contents);
    }
    const own: unknown = key(...(args as never[]));
    if (typeof own !== 'string' || own === '') {
      if (types.isPromise(own)) own.catch(() => undefined);
      throw new UnkeyableError('what the key function returned');
    }
    return scope.length > 0 || own.length > SHORT ? this.#digest(canonical([...scope, own])) : `=${own}`;
  }

  /** Whose data the current code works with; `undefined` where the app has no tenants. */
  tenant(): string | undefined {
    const { tenant } = this.settings;
    return tenant && this.#tenant(tenant);
  }

  #tenant(tenant: () => string | undefined): string {
    let own: unknown;
    try {
      own = tenant();
    } catch (cause) {
      // What it throws may differ from call to call: one warning is enough.
      this.#tenantFailure ??= describeError(cause);
      throw new Error(`cache.tenant threw ${this.#tenantFailure}`, { cause });
    }
    if (typeof own !== 'string' || own === '') throw new UnkeyableError('a call without a tenant');
    return own;
  }

  #tenantFailure: string | undefined;

  /** Keys show up in logs and monitors of the store; arguments hold e-mails and tokens. UTF-16 keeps lone surrogates. */
  #digest(text: string): string {
    if (text.length > SHORT) return this.#hash(text);
    let digest = this.#digests.get(text);
    if (digest === undefined) {
      if (this.#digests.size >= MOST_DIGESTS) this.#digests.clear();
      this.#digests.set(text, (digest = this.#hash(text)));
    }
    return digest;
  }
  /** Recent digests by text: computing one takes longer than the rest of a hit. */
  readonly #digests = new Map<string, string>();

  #hash(text: string): string {
    return digestOfText(text, this.settings.keySecret);
  }
}

/** No name may look like two parts of a key. */
const part = (name: string): string =>
  name.includes(':') || name.includes('%') ? name.replaceAll('%', '%25').replaceAll(':', '%3A') : name;
