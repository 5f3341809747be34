import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { GreetingController, GreetingModule, GreetingService, isOurs } from './greeting.service';

describe('a new app', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [GreetingModule] }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('retries, and caches what JSON would change', async () => {
    const service = app.get(GreetingService);
    const first = await service.flaky();
    const second = await service.flaky();
    expect(first).toEqual({ at: new Date(0), host: 'primary' });
    expect(second).toEqual(first);
    expect(service.calls).toBe(3);
  });

  it('knows our errors, and answers with them', async () => {
    const error: unknown = await app
      .get(GreetingService)
      .slow()
      .catch((thrown: unknown) => thrown);
    expect(isOurs(error)).toBe(true);
    const response = await fetch(`${await app.getUrl()}/greeting/slow`);
    expect(response.status).toBe(504);
  });

  it('maps', async () => {
    expect(await app.get(GreetingController).double()).toEqual([2, 4, 6]);
  });
});
