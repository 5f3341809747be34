import { afterAll, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Opero, type OperoModuleOptions } from '../../lib/index.js';
import { appName } from '../../lib/nest/host/app-name.js';
import { moduleWith } from '../support/apps.js';
import { RemoteStore } from '../support/remote-store.js';

@Injectable()
class Users {
  loads = 0;
  @Opero({ cache: 60_000 })
  async find(_id: number): Promise<number> {
    return ++this.loads;
  }
}

describe('apps with one store', () => {
  const apps: INestApplicationContext[] = [];
  const loadsOf = async (...settings: OperoModuleOptions['cache'][]) => {
    const store = new RemoteStore();
    const loads: number[] = [];
    for (const cache of settings) {
      const module = moduleWith({ providers: [Users] }, { cache: { store, ...cache } });
      const app = await NestFactory.createApplicationContext(module, { logger: false });
      apps.push(app);
      await app.get(Users).find(1);
      loads.push(app.get(Users).loads);
    }
    return { loads, keys: [...store.entries.keys()] };
  };

  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it('of different names never meet, those of one name do', async () => {
    expect((await loadsOf({ app: 'shop' }, { app: 'office' }, { app: 'shop' })).loads).toEqual([1, 1, 0]);
    expect((await loadsOf({ app: 'a:b' }, { app: 'a%3Ab' }, { app: 'a' })).loads).toEqual([1, 1, 1]);
  });

  it('have the name of the package unless they say another', async () => {
    const { loads, keys } = await loadsOf({}, { app: 'nestjs-opero' });
    expect(loads).toEqual([1, 0]);
    expect(keys.join()).toContain('opero:nestjs-opero:Users.find:');
  });

  it('say what a name may be', async () => {
    await expect(loadsOf({ app: '' })).rejects.toThrow(
      "cache.app: got '', allowed: a string that is not empty",
    );
  });
});

describe('the name of an app', () => {
  const root = mkdtempSync(join(tmpdir(), 'apps-'));
  const write = (path: string, text = '') => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  afterAll(() => rmSync(root, { recursive: true }));

  it('is that of the package of its script, wherever it was started', () => {
    write('shop/package.json', '{ "name": "shop" }');
    write('shop/dist/package.json', '{ "type": "module" }');
    const script = write('shop/dist/main.js');
    expect(appName(script, tmpdir())).toBe('shop');
    symlinkSync(script, join(root, 'current.js'));
    expect(appName(join(root, 'current.js'), tmpdir())).toBe('shop');
  });

  it('is that of the working directory where a tool runs the app, and none without a package', () => {
    const runner = write('shop/node_modules/runner/bin.js');
    write('shop/node_modules/runner/package.json', '{ "name": "runner" }');
    expect(appName(runner, join(root, 'shop', 'dist'))).toBe('shop');
    expect(appName(undefined, join(root, 'shop'))).toBe('shop');
    write('broken/package.json', '{');
    expect(appName(join(root, 'broken', 'gone.js'), join(root, 'broken'))).toBe('');
  });
});
