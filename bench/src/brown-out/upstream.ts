import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server of a limited capacity, as a process of its own. It works on so many requests at a time and queues the rest,
 * first come, first served; like most servers it does not notice that a client has given up, so that under overload it
 * spends its time on answers nobody waits for.
 */
let workers = 20;
let serviceTime = 40;

const queue: ServerResponse[] = [];
let working = 0;

const server = createServer((_request, response) => {
  queue.push(response);
  work();
});

function work(): void {
  while (working < workers && queue.length > 0) {
    const response = queue.shift()!;
    working++;
    setTimeout(() => {
      working--;
      if (!response.destroyed) response.end('answer');
      work();
    }, serviceTime);
  }
}

process.on('message', (message: { serviceTime?: number; workers?: number }) => {
  ({ serviceTime = serviceTime, workers = workers } = message);
  work();
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
