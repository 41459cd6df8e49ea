import { Readable } from 'node:stream';
import { SseBody } from './sse-body';

const frames = (...data: string[]) => Buffer.from(data.map((one) => `data: ${one}\n\n`).join(''));
const open = () => new Readable({ read: () => undefined });

async function all(body: Readable): Promise<string[]> {
  const events: string[] = [];
  for await (const waiting of new SseBody(body)) events.push(...waiting);
  return events;
}

describe('SseBody', () => {
  it('gives what waits together in one piece, then what comes', async () => {
    const body = open();
    body.push(frames('a', 'b'));
    const events = new SseBody(body);
    expect(await events.next()).toEqual({ done: false, value: ['a', 'b'] });
    const next = events.next();
    body.push(frames('c'));
    expect(await next).toEqual({ done: false, value: ['c'] });
    body.push(null);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('gives a last event without its blank line', async () => {
    expect(await all(Readable.from([Buffer.from('data: a\n\ndata: b')]))).toEqual(['a', 'b']);
  });

  it('pauses a body whose reader is busy, and loses nothing', async () => {
    const body = open();
    const events = new SseBody(body);
    const many = Array.from({ length: 1_000 }, (_, i) => String(i));
    for (const one of many) body.push(frames(one));
    body.push(null);
    const read: string[] = [];
    await events.next().then(({ value }) => read.push(...(value ?? [])));
    expect(body.isPaused()).toBe(true);
    for await (const waiting of events) read.push(...waiting);
    expect(read).toEqual(many);
  });

  it('tells a failure after everything before it', async () => {
    const body = open();
    const events = new SseBody(body);
    body.push(frames('a'));
    await new Promise((turn) => setImmediate(turn));
    body.destroy(new Error('reset'));
    await new Promise((turn) => body.once('close', turn));
    expect(await events.next()).toEqual({ done: false, value: ['a'] });
    await expect(events.next()).rejects.toThrow('reset');
  });

  it('tells a failure to whoever waits', async () => {
    const body = open();
    const next = new SseBody(body).next();
    body.destroy(new Error('reset'));
    await expect(next).rejects.toThrow('reset');
  });

  it('refuses an event that is too long', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    const body = Readable.from(Array.from({ length: 40 }, () => megabyte));
    await expect(all(body)).rejects.toThrow(/longer than 32 MiB/);
  });

  it('leaves the body to others when its reader stops', async () => {
    const body = open();
    body.push(frames('a'));
    for await (const waiting of new SseBody(body)) {
      expect(waiting).toEqual(['a']);
      break;
    }
    expect([body.destroyed, body.isPaused(), body.listenerCount('data')]).toEqual([false, true, 0]);
  });
});
