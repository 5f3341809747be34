import { Injectable, NotFoundException } from '@nestjs/common';
import { FallbackArg, findCurrentCall, minutes, Opero } from 'nestjs-opero';
import type { Manifest } from './installed-packages.js';
import type { MirrorName } from './mirror.js';
import { Mirrors } from './mirrors.js';

/** A manifest, and which mirror gave it. */
export interface Answer {
  readonly license: string;
  readonly from: MirrorName | 'nobody';
}

@Injectable()
export class Manifests {
  constructor(private readonly mirrors: Mirrors) {}

  @Opero({
    timeout: { attempt: 400, total: 20_000 },
    retry: { retries: 4, minDelay: 100, maxDelay: 1_000 },
    cache: { ttl: minutes(10) },
    rateLimit: { limit: 150 },
    fallback: { value: { license: 'unknown', from: 'nobody' } },
  })
  async ask(
    name: string,
    version: string,
    @FallbackArg('primary', 'backup') mirror?: MirrorName,
  ): Promise<Answer> {
    const from = mirror ?? 'primary';
    const response = await fetch(
      `${this.mirrors.address(from)}/${encodeURIComponent(`${name}@${version}`)}`,
      {
        // Aborts with the attempt. Undecorated there is no call, and so nothing to abort with.
        signal: findCurrentCall()?.signal ?? null,
      },
    );
    if (response.status === 404) throw new NotFoundException(`${name}@${version}`);
    if (!response.ok) {
      throw Object.assign(new Error(`${from} answered ${response.status}`), { response });
    }
    const { license } = (await response.json()) as Manifest;
    return { license: nameOf(license), from };
  }
}

/** Older manifests have an object, or a list of them. */
function nameOf(license: unknown): string {
  if (Array.isArray(license)) return license.map(nameOf).join(' OR ');
  if (typeof license === 'object' && license !== null)
    return String((license as { type?: unknown }).type ?? 'unknown');
  return typeof license === 'string' ? license : 'none given';
}
