import { Injectable } from '@nestjs/common';
import type { Manifest } from './installed-packages.js';
import { Mirror, plans, type MirrorName } from './mirror.js';

/** Where the mirrors are now. Each audit gets new ones, so that both meet the same misbehaviour. */
@Injectable()
export class Mirrors {
  #running: Mirror[] = [];
  readonly #addresses = new Map<MirrorName, string>();

  async restart(manifests: readonly Manifest[]): Promise<void> {
    this.stop();
    const byName = new Map(manifests.map((manifest) => [`${manifest.name}@${manifest.version}`, manifest]));
    for (const name of Object.keys(plans) as MirrorName[]) {
      const mirror = new Mirror(byName, plans[name]);
      this.#running.push(mirror);
      this.#addresses.set(name, await mirror.start());
    }
  }

  address(name: MirrorName): string {
    const address = this.#addresses.get(name);
    if (!address) throw new Error(`there is no mirror ${name}`);
    return address;
  }

  stop(): void {
    for (const mirror of this.#running.splice(0)) mirror.stop();
  }

  onModuleDestroy(): void {
    this.stop();
  }
}
