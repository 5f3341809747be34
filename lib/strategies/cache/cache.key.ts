import { createHash, createHmac } from 'node:crypto';
import type { CachingSettings, Call, CallIdentity } from '../../core/index.js';
import { canonical, UnkeyableError } from './canonical.js';
import type { ResolvedCache } from './cache.options.js';

/** Makes the keys of one operation. Throws {@link UnkeyableError} where no key is safe. */
export class CacheKeys {
  constructor(
    private readonly operation: string,
    private readonly options: Pick<ResolvedCache, 'key' | 'namespace' | 'share'>,
    private readonly settings: Pick<CachingSettings, 'keySecret' | 'tenant'>,
  ) {}

  /** The key of a call: what it may share is in it, and what keeps it apart. */
  of({ invocation }: Call, inProcess: boolean): string {
    return this.make(invocation.args, invocation.identity, inProcess);
  }

  /** `inProcess` keys are never seen outside, so short ones need no digest. */
  make(args: readonly unknown[], identity: CallIdentity | undefined, inProcess: boolean): string {
    const whose = this.#whose(identity);
    return `${this.options.namespace}:${this.operation}:${whose}:${this.#what(args, inProcess)}`;
  }

  #whose(identity: CallIdentity | undefined): string {
    const parts = [this.options.share ? '' : (identity?.id ?? '')];
    const principal = identity?.principal?.();
    if (principal) parts.push(this.#digest(principal));
    return parts.join('/');
  }

  #what(args: readonly unknown[], inProcess: boolean): string {
    const { tenant } = this.settings;
    const scope = tenant ? [this.#tenant(tenant)] : [];
    const { key } = this.options;
    if (!key) {
      const contents = canonical(tenant ? [...scope, ...args] : args);
      return inProcess && contents.length <= 200 ? `~${contents}` : this.#digest(contents);
    }
    const own: unknown = key(...(args as never[]));
    if (typeof own !== 'string' || own === '') throw new UnkeyableError('what the key function returned');
    return scope.length > 0 || own.length > 200 ? this.#digest(canonical([...scope, own])) : `=${own}`;
  }

  #tenant(tenant: () => string | undefined): string {
    const own = tenant();
    if (typeof own !== 'string' || own === '') throw new UnkeyableError('a call without a tenant');
    return own;
  }

  /** Keys show up in logs and monitors of the store; arguments hold e-mails and tokens. UTF-16 keeps lone surrogates. */
  #digest(text: string): string {
    const { keySecret } = this.settings;
    const hash = keySecret ? createHmac('sha256', keySecret) : createHash('sha256');
    return hash.update(text, 'utf16le').digest('base64url');
  }
}
