import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  batched,
  currentCall,
  FallbackArg,
  getMappedToken,
  hours,
  InjectMapped,
  isOk,
  mapped,
  minutes,
  Opero,
  OperoModule,
  OpMap,
  permanent,
  type Mapped,
  type OperoCall,
  type OperoModuleOptions,
  type OperoOptionsFactory,
  type OperoService,
  type StrategyAttempt,
  seconds,
} from 'nestjs-opero';

declare const queue: (() => void)[];
interface Order {
  readonly id: string;
}
interface Receipt {
  readonly id: string;
}
interface Product {
  readonly id: string;
}
interface WithSignal {
  readonly signal?: AbortSignal;
}
declare class Products {
  parse(line: string): Promise<Product>;
  index(products: Product[]): Promise<void>;
}
declare class Rates {
  of(currency: string): Promise<number>;
}
declare const api: {
  get<T>(path: string, options?: WithSignal): Promise<T>;
  put<T>(path: string, body: unknown, options?: WithSignal): Promise<T>;
  post<T>(path: string, body: unknown, options?: WithSignal): Promise<T>;
};
declare const gateway: { charge(order: Order, options: { signal: AbortSignal }): Promise<Receipt> };
declare const metrics: { count(type: string, operation: string): void };
declare const tenants: { current(): string | undefined };
declare const opero: OperoService;
declare const pages: { titleOf(url: string): Promise<string> };
declare const urls: string[];
declare function save(product: Product): Promise<void>;
declare function acquire(options: WithSignal): Promise<{
  process(data: string, options: WithSignal): Promise<string>;
  release(): void;
}>;
