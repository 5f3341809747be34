import { describe, expect, it } from '@jest/globals';
import { Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { OperoConfigurationError, OperoModule } from '../../lib/index.js';

const boot = (imports: ModuleMetadata['imports']) => {
  @Module({ imports })
  class App {}
  return NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
};

describe('OperoModule without forRoot()', () => {
  it('ends the boot where the class itself is imported [hard 3.5]', async () => {
    const error = await boot([OperoModule]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperoConfigurationError);
    expect(String(error)).toContain('OperoModule.forRoot()');
    await expect(Test.createTestingModule({ imports: [OperoModule] }).compile()).rejects.toThrow('forRoot()');
  });

  it('ends the boot where only forFeature() is imported [hard 3.5]', async () => {
    await expect(boot([OperoModule.forFeature({ profiles: {} })])).rejects.toThrow(
      'OperoModule: got forFeature() and no forRoot() in the app',
    );
  });

  it('says nothing about the class beside forRoot(), wherever either is imported [hard 3.5]', async () => {
    @Module({ imports: [OperoModule, OperoModule.forFeature({ profiles: {} })] })
    class Feature {}
    for (const imports of [
      [OperoModule.forRoot(), Feature],
      [Feature, OperoModule.forRootAsync({ useFactory: async () => ({}) })],
    ]) {
      const app = await boot(imports);
      await app.close();
    }
  });
});
