import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { FallbackArg, mapped, Opero, OperoError, OperoModule, OpMap } from 'nestjs-opero';

@Injectable()
export class GreetingService {
  calls = 0;

  @Opero({ retry: { retries: 2, minDelay: 1 }, cache: { ttl: 60_000, share: true } })
  async flaky(@FallbackArg('primary', 'backup') host?: string): Promise<{ at: Date; host: string }> {
    if (++this.calls < 3) throw new Error('not yet');
    return { at: new Date(0), host: host ?? 'none' };
  }

  @Opero({ timeout: 5 })
  async slow(): Promise<never> {
    return new Promise(() => undefined);
  }

  @OpMap({ workers: 2 })
  async double(item: number): Promise<number> {
    return item * 2;
  }
}

@Controller('greeting')
export class GreetingController {
  constructor(private readonly service: GreetingService) {}

  @Get('slow')
  slow(): Promise<never> {
    return this.service.slow();
  }

  double(): PromiseLike<unknown> {
    return mapped(this.service).double([1, 2, 3]);
  }
}

@Module({
  imports: [OperoModule.forRoot()],
  providers: [GreetingService],
  controllers: [GreetingController],
})
export class GreetingModule {}

export const isOurs = (error: unknown): boolean => error instanceof OperoError;
