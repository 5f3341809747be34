import { describe, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.js';

describe('a listener', () => {
  it('that takes itself back and listens anew is told of each event once [hard 1.1]', async () => {
    const harness = new Harness();
    const { events } = harness.runtime;
    let told = 0;
    const listen = () => {
      const off = events.on('success', () => {
        off();
        if (++told < 1_000) listen();
      });
    };
    events.on('success', () => undefined);
    listen();
    const method = harness.wrap({}, async () => 'value');
    await method();
    expect(told).toBe(1);
    await method();
    expect(told).toBe(2);
  });
});
