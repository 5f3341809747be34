/** A store like one of another process: it answers later, and only by contents. */
export class RemoteStore {
  readonly entries = new Map<string, string>();
  readonly asked: string[] = [];
  /** What each operation does first; throws or rejects to fail. */
  fault: (operation: 'get' | 'set' | 'del', key: string) => unknown = () => undefined;

  async get(key: string): Promise<unknown> {
    this.asked.push(`get ${key}`);
    await this.fault('get', key);
    const stored = this.entries.get(key);
    return stored === undefined ? undefined : JSON.parse(stored);
  }

  async set(key: string, value: unknown, _ttl?: number): Promise<void> {
    this.asked.push(`set ${key}`);
    await this.fault('set', key);
    this.entries.set(key, JSON.stringify(value));
  }

  async del(key: string): Promise<void> {
    this.asked.push(`del ${key}`);
    await this.fault('del', key);
    this.entries.delete(key);
  }
}
