import {
  Catch,
  Controller,
  Get,
  Injectable,
  Res,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { APP_FILTER } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { Opero } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';

const seen = { filtered: [] as unknown[], cleaned: [] as string[], running: 0 };

/** What an app's own monitoring is told. */
@Catch()
class Everything implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): void {
    seen.filtered.push(error);
  }
}

@Injectable()
class Upstream {
  @Opero({ retry: 1 })
  async slow(): Promise<string> {
    seen.running++;
    return new Promise(() => undefined);
  }

  @Opero({ timeout: 5_000 })
  async release(what: string): Promise<void> {
    seen.cleaned.push(what);
  }
}

@Controller()
class Routes {
  constructor(private readonly upstream: Upstream) {}

  @Get('plain')
  plain(): Promise<string> {
    return this.upstream.slow();
  }

  @Get('watched')
  async watched(@Res({ passthrough: true }) response: { raw?: ServerResponse }): Promise<number[]> {
    const raw = response.raw ?? (response as ServerResponse);
    const before = raw.listenerCount('close');
    const released = this.upstream.release('nothing');
    const during = raw.listenerCount('close');
    await released;
    return [before, during].map((count) => count - before);
  }

  @Get('cleaning')
  async cleaning(): Promise<string> {
    try {
      return await this.upstream.slow();
    } finally {
      await this.upstream.release('lock');
    }
  }
}

describe.each(platforms)('a client that went away from a read on %s', (_name, platform) => {
  it('leaves no error to filters and logs, and lets the handler clean up [hard 3.6]', async () => {
    Object.assign(seen, { filtered: [], cleaned: [], running: 0 });
    const providers = [Upstream, { provide: APP_FILTER, useClass: Everything }];
    const { app, url } = await serve(platform, moduleWith({ providers, controllers: [Routes] }));
    for (const path of ['plain', 'cleaning']) {
      const client = new AbortController();
      const begun = seen.running;
      const gone = fetch(`${url}/${path}`, { signal: client.signal }).catch(() => 'gone');
      for (let turn = 0; turn < 400 && seen.running === begun; turn++)
        await new Promise((resolve) => setTimeout(resolve, 5));
      client.abort();
      expect(await gone).toBe('gone');
    }
    for (let turn = 0; turn < 400 && seen.cleaned.length === 0; turn++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen.cleaned).toEqual(['lock']);
    await app.close();
    expect(seen.filtered).toEqual([]);
  });

  it('is watched for once a call begins, and not before', async () => {
    const { app, url } = await serve(platform, moduleWith({ providers: [Upstream], controllers: [Routes] }));
    const answer = await fetch(`${url}/watched`);
    expect(await answer.json()).toEqual([0, 1]);
    await app.close();
  });
});
