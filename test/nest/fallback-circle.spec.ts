import { describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Opero, OperoModule } from '../../lib/index.js';

const boot = async (type: Type) => {
  const app = await Test.createTestingModule({
    imports: [OperoModule.forRoot()],
    providers: [type],
  }).compile();
  await app.init();
  return app;
};

/** As long as every method of the circle fails, nothing would end it: not even a timer would get a turn. */
describe('A circle of fallbacks', () => {
  it('is refused at boot when a method is its own fallback', async () => {
    @Injectable()
    class Rates {
      @Opero({ fallback: 'read' })
      async read(): Promise<string> {
        throw new Error('down');
      }
    }
    await expect(boot(Rates)).rejects.toThrow(
      "Rates.read (RootTestModule): fallback: got 'read', allowed: a method that does not fall back to this one",
    );
  });

  it('is refused at boot when methods are fallbacks of each other', async () => {
    @Injectable()
    class Rates {
      @Opero({ fallback: ['eu', { value: 'none' }] })
      async us(): Promise<string> {
        throw new Error('down');
      }
      @Opero({ fallback: 'us' })
      async eu(): Promise<string> {
        throw new Error('down');
      }
    }
    await expect(boot(Rates)).rejects.toThrow(
      "Rates.eu (RootTestModule): fallback: got 'us', allowed: a method that does not fall back to this one",
    );
  });

  it('is not seen in a chain that ends', async () => {
    @Injectable()
    class Rates {
      @Opero({ retry: false, fallback: ['eu', 'asia'] })
      async us(): Promise<string> {
        throw new Error('down');
      }
      @Opero({ retry: false, fallback: 'asia' })
      async eu(): Promise<string> {
        throw new Error('down');
      }
      @Opero({ retry: false })
      async asia(): Promise<string> {
        return 'asia';
      }
    }
    const app = await boot(Rates);
    expect(await app.get(Rates).us()).toBe('asia');
    await app.close();
  });
});
