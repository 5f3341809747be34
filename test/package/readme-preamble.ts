import {
  batched,
  currentCall,
  FallbackArg,
  InjectMapped,
  mapped,
  Opero,
  OperoModule,
  OpMap,
  type OperoService,
  seconds,
  type Mapped,
} from 'nestjs-opero';

interface Order {
  readonly id: string;
}
interface Receipt {
  readonly id: string;
}
interface Product {
  readonly id: string;
}
declare class Products {
  parse(line: string): Promise<Product>;
  index(products: Product[]): Promise<void>;
}
declare const gateway: { charge(order: Order, options: { signal: AbortSignal }): Promise<Receipt> };
declare const tenants: { current(): string | undefined };
declare const opero: OperoService;
declare const pages: { titleOf(url: string): Promise<string> };
declare const urls: string[];
declare function save(product: Product): Promise<void>;
