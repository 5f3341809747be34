import { expect, it } from '@jest/globals';
import { Controller, Get, Query } from '@nestjs/common';
import { Opero } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';

it.each(platforms)(
  '%s: a cached route knows equal queries, and lists in them [hard 2.7]',
  async (_, create) => {
    let calls = 0;
    @Controller()
    class Search {
      @Get()
      @Opero({ cache: { share: true } })
      async search(@Query() query: Record<string, string | string[]>) {
        return { ...query, calls: ++calls };
      }
    }
    const { app, url } = await serve(create, moduleWith({ controllers: [Search] }));
    const search = async (query: string) => (await fetch(`${url}/?${query}`)).json();
    expect(await Promise.all(['q=a', 'q=a'].map(search))).toEqual([
      { q: 'a', calls: 1 },
      { q: 'a', calls: 1 },
    ]);
    expect(await search('q=a&q=b')).toEqual({ q: ['a', 'b'], calls: 2 });
    expect(await search('q=a&q=b')).toEqual({ q: ['a', 'b'], calls: 2 });
    await app.close();
  },
);
