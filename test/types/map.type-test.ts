// Compiled, never run: each line under @ts-expect-error must be a mistake to the compiler.
import {
  batched,
  InjectMapped,
  isItemError,
  isOk,
  mapped,
  OpItemError,
  OpMap,
  type Mapped,
  type OpRun,
} from 'nestjs-opero';

interface Page {
  readonly html: string;
}

export class Pages {
  @OpMap({ workers: 20, retry: 3 })
  async fetchPage(_url: string, _region?: string): Promise<Page> {
    return { html: '' };
  }

  @OpMap()
  async measured(_url: string, _scale: number): Promise<number> {
    return 0;
  }

  @OpMap({ batchSize: 10 })
  async index(_pages: Page[]): Promise<void> {}

  @OpMap()
  async bytes(_item: Uint8Array): Promise<number> {
    return 0;
  }

  async ping(): Promise<void> {}

  // @ts-expect-error the item is missing
  @OpMap()
  async none(): Promise<void> {}

  // @ts-expect-error no such mode
  @OpMap({ mode: 'tread' })
  async mode(_item: string): Promise<void> {}

  @OpMap({ fallback: { value: { html: '' } } })
  async fitting(_item: string): Promise<Page> {
    return { html: '' };
  }

  // @ts-expect-error the fallback value is of another type
  @OpMap({ fallback: { value: 7 } })
  async fallback(_item: string): Promise<Page> {
    return { html: '' };
  }

  // @ts-expect-error an option that is none
  @OpMap({ worker: 7 })
  async unknown(_item: string): Promise<void> {}

  // @ts-expect-error a property is no method
  @OpMap() property = 1;

  private async hidden(_item: string): Promise<void> {}
  use = () => this.hidden('');
}

export class Consumer {
  constructor(@InjectMapped(Pages) readonly pages: Mapped<Pages>) {}
}

declare const pages: Pages;
declare const urls: string[];

export async function right(): Promise<void> {
  const run: OpRun<Page, string> = mapped(pages).fetchPage(urls, 'eu');
  const results: (Page | OpItemError<string>)[] = await run;
  for (const result of results) {
    const html: string = isItemError(result) ? result.item : result.html;
    void html;
  }
  const good: Page[] = results.filter(isOk);
  const values: Page[] = await mapped(pages).fetchPage(new Set(urls)).values();
  for await (const result of mapped(pages).fetchPage(
    (async function* () {
      yield '';
    })(),
  )) {
    // prettier-ignore
    if (result.ok) void result.value.html;
    else void result.error.attempts;
  }
  await mapped(pages).bytes([Uint8Array.of(1)]);
  await batched(pages).index(values).values();
  void good;
}

export async function wrong(): Promise<void> {
  // @ts-expect-error a direct call takes one item
  await pages.fetchPage(['a']);
  // @ts-expect-error a string is one item
  mapped(pages).fetchPage('http://a');
  // @ts-expect-error items of another type
  mapped(pages).fetchPage([1]);
  // @ts-expect-error not iterable
  mapped(pages).fetchPage(7);
  // @ts-expect-error an argument is missing
  mapped(pages).measured(urls);
  // @ts-expect-error a method without an item
  mapped(pages).ping;
  // @ts-expect-error an unknown method
  mapped(pages).missing;
  // @ts-expect-error a private method
  mapped(pages).hidden;
  // @ts-expect-error a result may be an error
  void (await mapped(pages).fetchPage(urls))[0].html;
  // @ts-expect-error a run is iterated over time
  for (const result of mapped(pages).fetchPage(urls)) void result;
  // @ts-expect-error the method takes no list
  batched(pages).fetchPage(urls);
}
