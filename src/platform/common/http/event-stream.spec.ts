import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { type Response } from 'express';
import { recordAnswer } from './answer-recorder';
import { EventStream } from './event-stream';

describe('a recorded stream', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['after it was opened', true],
    ['before', false],
  ])('keeps its last event back until it is recorded, when all of it is said in one go %s', async (_, opened) => {
    const recorded = Promise.withResolvers<undefined>();
    const closed = Promise.withResolvers<undefined>();
    server = createServer((_request, res) => {
      const recorder = {
        plain: () => Promise.resolve(),
        begins: () => undefined,
        hears: (frame: string) => frame === 'last',
        ended: () => recorded.promise,
      };
      recordAnswer(res as Response, recorder);
      const stream = new EventStream(res as Response, 1_000);
      if (opened) stream.open({});
      void stream.write('first');
      void stream.write('last');
      if (!opened) stream.open({});
      void stream.close().then(() => closed.resolve(undefined));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [answer] = (await once(
      request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end(),
      'response',
    )) as [IncomingMessage];
    let heard = '';
    answer.setEncoding('utf8').on('data', (text: string) => (heard += text));
    while (heard === '') await turn();
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(heard).toBe('first');
    recorded.resolve(undefined);
    await closed.promise;
    await once(answer, 'end');
    expect(heard).toBe('firstlast');
  });
});
