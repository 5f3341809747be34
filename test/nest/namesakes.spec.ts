import { expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Opero } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { RemoteStore } from '../support/remote-store.js';

interface Settings {
  get(key: string): Promise<string>;
  own(key: string): Promise<string>;
}

const settingsOf = (team: string) => {
  @Injectable()
  class Settings {
    @Opero({ cache: { share: true } })
    async get(key: string): Promise<string> {
      return `${key} of ${team}`;
    }

    @Opero({ cache: true })
    async own(key: string): Promise<string> {
      return `own ${key} of ${team}`;
    }
  }
  return Settings;
};

it('classes that are called alike keep what their instances share in their process [hard 2.1]', async () => {
  const store = new RemoteStore();
  const red: Provider = { provide: 'red', useClass: settingsOf('red') };
  const blue: Provider = { provide: 'blue', useClass: settingsOf('blue') };
  // The order of imports is another one after a deployment, and in a process that loads a module lazily.
  for (const providers of [
    [red, blue],
    [blue, red],
  ]) {
    const app = await Test.createTestingModule({ imports: [moduleWith({ providers }, { cache: { store } })] })
      .setLogger({ log: () => undefined, warn: () => undefined, error: () => undefined })
      .compile();
    await app.init();
    for (const team of ['red', 'blue']) {
      const settings = app.get<Settings>(team);
      for (let again = 0; again < 2; again++) {
        expect(await settings.get('size')).toBe(`size of ${team}`);
        expect(await settings.own('size')).toBe(`own size of ${team}`);
      }
    }
    await app.close();
  }
  // What is an instance's own is known by its provider, and stays in the store.
  expect([...store.entries.keys()].filter((key) => key.includes('get'))).toEqual([]);
  expect(store.entries.size).toBeGreaterThan(0);
});
