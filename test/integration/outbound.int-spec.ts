import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Config } from '../../src/platform/config/config.service';
import { dist } from '../support/dist';
import { asLocation, FORBIDDEN_NAMES, forbiddenUrls } from '../support/forbidden-urls';

type OutboundModule = typeof import('../../src/platform/net/outbound.service');
type PagesModule = typeof import('../../src/rag/pages.service');
type Resolve = NonNullable<ConstructorParameters<OutboundModule['OutboundService']>[1]>;

const { OutboundService } = dist('platform/net/outbound.service') as OutboundModule;
const { PagesService } = dist('rag/pages.service') as PagesModule;

/** The one address that stands for the public ones here. */
const PUBLIC = '127.0.0.2';
const never = new AbortController().signal;

describe('requests to addresses that users name', () => {
  let inside: Server[];
  let outside: Server;
  let port: number;
  let reached: string[];
  let redirectTo: string | null;
  let answers: Record<string, string[][]>;

  /** As a name server answers: of several answers to a name one after the other, the last one for ever. */
  const resolve = ((name: string, _: unknown, done: (error: Error | null, found: object[]) => void) => {
    const found = FORBIDDEN_NAMES[name] ?? (answers[name]?.length === 1 ? answers[name][0] : answers[name]?.shift());
    const missing = Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND', hostname: name });
    if (!found) return done(missing, []);
    done(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as Resolve;
  const config = { yaml: { outbound: { allowed_networks: [PUBLIC] } } } as Config;
  const system = new OutboundService(config);
  const named = new OutboundService(config, resolve);

  beforeAll(async () => {
    outside = createServer((_, res) => {
      res.setHeader('connection', 'close'); // every request looks its name up
      if (redirectTo === null) res.end('outside');
      else res.writeHead(302, { location: redirectTo }).end();
    }).listen(0, PUBLIC);
    await once(outside, 'listening');
    port = (outside.address() as AddressInfo).port;
    inside = await Promise.all(
      ['127.0.0.1', '127.0.0.3', '::1'].map(async (address) => {
        const server = createServer((_, res) => res.end('inside')).listen(port, address);
        server.on('connection', () => reached.push(address));
        await once(server, 'listening');
        return server;
      }),
    );
  });
  afterAll(async () => {
    await Promise.all([system.onApplicationShutdown(), named.onApplicationShutdown()]);
    for (const server of [outside, ...inside]) server.close().closeAllConnections();
  });
  beforeEach(() => {
    reached = [];
    redirectTo = null;
    answers = { 'outside.test': [[PUBLIC]] };
  });

  const get = async (url: string, outbound = system, hosts: string[] | null = null) => {
    const { body } = await new PagesService(outbound).open(url, { accept: '*/*', hosts }, never);
    return text(body);
  };
  const refusal = (url: string, outbound = system, hosts: string[] | null = null) =>
    get(url, outbound, hosts).then(
      (said) => `reached: ${said}`,
      (error: unknown) => (error as { code: string }).code,
    );

  it('reach what is open to them, also where it redirects', async () => {
    expect(await get(`http://${PUBLIC}:${port}/`)).toBe('outside');
    expect(await get(`http://outside.test:${port}/`, named)).toBe('outside');
  });

  it('would reach what the table is about, if nobody stood in between', async () => {
    for (const address of ['127.0.0.1', '127.0.0.3', '[::1]']) {
      expect(await (await fetch(`http://${address}:${port}/`)).text()).toBe('inside');
    }
    expect(reached).toHaveLength(3);
  });

  it('are held against a table of more than forty spellings', () => {
    expect(new Set(forbiddenUrls.map(([, url]) => url)).size).toBeGreaterThan(100);
  });

  it.each(forbiddenUrls)('never reach %s: %j', async (_, spelling) => {
    const url = spelling.replace('PORT', String(port));
    expect(await refusal(url)).toBe('url_not_allowed');
    redirectTo = asLocation(url);
    expect(await refusal(`http://${PUBLIC}:${port}/`)).toBe('url_not_allowed');
    expect(reached).toEqual([]);
  });

  it.each(Object.keys(FORBIDDEN_NAMES))('never reach what the name %s stands for', async (name) => {
    for (const url of [`http://${name}:${port}/`, `http://${name}.:${port}/`]) {
      answers[`${name}.`] = [[...FORBIDDEN_NAMES[name]!]];
      expect(await refusal(url, named)).toBe('url_not_allowed');
      redirectTo = url;
      expect(await refusal(`http://outside.test:${port}/`, named)).toBe('url_not_allowed');
    }
    expect(reached).toEqual([]);
  });

  it('say nothing of what a name inside resolves to', async () => {
    const told = await get('http://metadata.test/', named).catch((error: unknown) => (error as Error).message);
    expect(told).toBe('This address is not fetched. Its server is not a public one.');
  });

  it('are not led inside by a name that resolves to something else the next time', async () => {
    answers['rebind.test'] = [[PUBLIC], ['127.0.0.1']];
    redirectTo = `http://rebind.test:${port}/again`;
    expect(await refusal(`http://rebind.test:${port}/`, named)).toBe('url_not_allowed');
    answers['rebind.test'] = [[PUBLIC], ['127.0.0.1']];
    redirectTo = null;
    expect(await get(`http://rebind.test:${port}/`, named)).toBe('outside');
    expect(await refusal(`http://rebind.test:${port}/`, named)).toBe('url_not_allowed');
    expect(reached).toEqual([]);
  });

  it('are held against a list of hosts at every hop', async () => {
    answers['other.test'] = [[PUBLIC]];
    const allowed = ['outside.test'];
    expect(await get(`http://outside.test:${port}/`, named, allowed)).toBe('outside');
    expect(await refusal(`http://other.test:${port}/`, named, allowed)).toBe('url_not_allowed');
    redirectTo = `http://other.test:${port}/`;
    expect(await refusal(`http://outside.test:${port}/`, named, allowed)).toBe('url_not_allowed');
    expect(await refusal(`http://outside.test:${port}/`, named, [])).toBe('url_not_allowed');
  });

  it('do not reach inside because a list names it', async () => {
    const hosts = ['127.0.0.1', '[::1]', 'localhost', 'loopback.test'];
    for (const host of hosts) {
      const outbound = host.endsWith('.test') ? named : system;
      expect(await refusal(`http://${host}:${port}/`, outbound, hosts)).toBe('url_not_allowed');
    }
    expect(reached).toEqual([]);
  });
});
