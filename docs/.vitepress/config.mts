import { defineConfig } from 'vitepress';

const page = (text: string, link: string) => ({ text, link });

/** A fence of this kind becomes a diagram. */
const DIAGRAM = 'mermaid';

export default defineConfig({
  title: 'nestjs-opero',
  description: 'Retries, fallbacks, caches, limits and timeouts for NestJS methods, with one decorator.',
  srcExclude: ['decisions/**'],
  outDir: '../.tmp/site',
  cacheDir: '../.tmp/vitepress',
  markdown: {
    config(md) {
      const fence = md.renderer.rules.fence!;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const { info, content } = tokens[index]!;
        if (info.trim() !== DIAGRAM) return fence(tokens, index, ...rest);
        return `<Diagram source="${encodeURIComponent(content)}" />`;
      };
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: 'deep',
    sidebar: [
      {
        text: 'Guide',
        items: [
          page('Getting started', '/getting-started'),
          page('Many items', '/op-map'),
          page('Configuration', '/configuration'),
          page('Where it applies', '/where-it-applies'),
          page('Events', '/events'),
          page('Health', '/health'),
          page('Shutdown', '/shutdown'),
          page('Testing', '/testing'),
          page('Writing a strategy', '/writing-a-strategy'),
        ],
      },
      {
        text: 'Strategies',
        link: '/strategies/',
        items: [
          page('Fallback', '/strategies/fallback'),
          page('Cache', '/strategies/cache'),
          page('Single-flight', '/strategies/single-flight'),
          page('Timeout', '/strategies/timeout'),
          page('Retry', '/strategies/retry'),
          page('Argument fallback', '/strategies/arg-fallback'),
          page('Hedge', '/strategies/hedge'),
          page('Circuit breaker', '/strategies/circuit-breaker'),
          page('Rate limit', '/strategies/rate-limit'),
          page('Bulkhead', '/strategies/bulkhead'),
        ],
      },
      {
        text: 'Coming from',
        link: '/coming-from/',
        items: [
          page("Python's Opero", '/coming-from/python'),
          page('cockatiel', '/coming-from/cockatiel'),
          page('opossum', '/coming-from/opossum'),
          page('nestjs-resilience', '/coming-from/nestjs-resilience'),
          page('p-retry', '/coming-from/p-retry'),
          page('p-map', '/coming-from/p-map'),
        ],
      },
    ],
  },
});
