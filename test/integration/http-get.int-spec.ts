import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Config } from '../../src/platform/config/config.service';
import { type ToolSettingsService } from '../../src/tools/tool-settings.service';
import { type ToolExecution } from '../../src/tools/tools.types';
import { dist } from '../support/dist';
import { asLocation, FORBIDDEN_NAMES, forbiddenUrls } from '../support/forbidden-urls';

type OutboundModule = typeof import('../../src/platform/net/outbound.service');
type PagesModule = typeof import('../../src/rag/pages.service');
type HttpGet = typeof import('../../src/tools/builtin/http-get.tool');
type Resolve = NonNullable<ConstructorParameters<OutboundModule['OutboundService']>[1]>;

const { OutboundService } = dist('platform/net/outbound.service') as OutboundModule;
const { PagesService } = dist('rag/pages.service') as PagesModule;
const { httpGet } = dist('tools/builtin/http-get.tool') as HttpGet;

/** The one address that stands for the public ones here. */
const PUBLIC = '127.0.0.2';
const SOMEBODY = { principal: { workspaceId: 'w' } } as ToolExecution;

describe('http_get', () => {
  let inside: Server[];
  let outside: Server;
  let port: number;
  let reached: string[];
  let answer: RequestListener;
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
    outside = createServer((req, res) => {
      res.setHeader('connection', 'close'); // every request looks its name up
      answer(req, res);
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
    gives('outside');
    answers = { 'outside.test': [[PUBLIC]] };
  });

  const gives = (body: string | Buffer, type: string | null = 'text/plain', status = 200) => {
    answer = (_, res) => res.writeHead(status, type === null ? {} : { 'content-type': type }).end(body);
  };
  const redirects = (location: string) => {
    answer = (_, res) => res.writeHead(302, { location }).end();
  };
  const get = async (url: string, outbound = system, hosts: string[] | null = null) => {
    const settings = { allowedHosts: () => Promise.resolve(hosts) } as unknown as ToolSettingsService;
    const tool = httpGet(new PagesService(outbound), settings);
    return (await tool.execute({ url }, SOMEBODY, new AbortController().signal)) as string;
  };
  const refusal = (url: string, outbound = system, hosts: string[] | null = null) =>
    get(url, outbound, hosts).then(
      (said) => `reached: ${said}`,
      (error: unknown) => (error as { code: string }).code,
    );

  it('reaches what is open to it, also where it redirects', async () => {
    expect(await get(`http://${PUBLIC}:${port}/`)).toMatch(/^Status: 200\n[^]*\n\noutside$/);
    expect(await get(`http://outside.test:${port}/`, named)).toMatch(/^Status: 200\n[^]*\n\noutside$/);
  });

  it('would reach what the table is about, if nobody stood in between', async () => {
    for (const address of ['127.0.0.1', '127.0.0.3', '[::1]']) {
      expect(await (await fetch(`http://${address}:${port}/`)).text()).toBe('inside');
    }
    expect(reached).toHaveLength(3);
  });

  it('is held against a table of more than forty spellings', () => {
    expect(new Set(forbiddenUrls.map(([, url]) => url)).size).toBeGreaterThan(100);
  });

  it.each(forbiddenUrls)('never reaches %s: %j', async (_, spelling) => {
    const url = spelling.replace('PORT', String(port));
    expect(await refusal(url)).toBe('url_not_allowed');
    redirects(asLocation(url));
    expect(await refusal(`http://${PUBLIC}:${port}/`)).toBe('url_not_allowed');
    expect(reached).toEqual([]);
  });

  it.each(Object.keys(FORBIDDEN_NAMES))('never reaches what the name %s stands for', async (name) => {
    for (const url of [`http://${name}:${port}/`, `http://${name}.:${port}/`]) {
      answers[`${name}.`] = [[...FORBIDDEN_NAMES[name]!]];
      expect(await refusal(url, named)).toBe('url_not_allowed');
      redirects(url);
      expect(await refusal(`http://outside.test:${port}/`, named)).toBe('url_not_allowed');
    }
    expect(reached).toEqual([]);
  });

  it('says nothing of what a name inside resolves to', async () => {
    const told = await get('http://metadata.test/', named).catch((error: unknown) => (error as Error).message);
    expect(told).toBe('This address is not fetched. Its server is not a public one.');
  });

  it('is not led inside by a name that resolves to something else the next time', async () => {
    answers['rebind.test'] = [[PUBLIC], ['127.0.0.1']];
    redirects(`http://rebind.test:${port}/again`);
    expect(await refusal(`http://rebind.test:${port}/`, named)).toBe('url_not_allowed');
    answers['rebind.test'] = [[PUBLIC], ['127.0.0.1']];
    gives('outside');
    expect(await get(`http://rebind.test:${port}/`, named)).toMatch(/^Status: 200\n[^]*\n\noutside$/);
    expect(await refusal(`http://rebind.test:${port}/`, named)).toBe('url_not_allowed');
    expect(reached).toEqual([]);
  });

  it('is held against a list of hosts at every hop', async () => {
    answers['other.test'] = [[PUBLIC]];
    const allowed = ['outside.test'];
    expect(await get(`http://outside.test:${port}/`, named, allowed)).toMatch(/^Status: 200\n[^]*\n\noutside$/);
    expect(await refusal(`http://other.test:${port}/`, named, allowed)).toBe('url_not_allowed');
    redirects(`http://other.test:${port}/`);
    expect(await refusal(`http://outside.test:${port}/`, named, allowed)).toBe('url_not_allowed');
    expect(await refusal(`http://outside.test:${port}/`, named, [])).toBe('url_not_allowed');
  });

  it('does not reach inside because a list names it', async () => {
    const hosts = ['127.0.0.1', '[::1]', 'localhost', 'loopback.test'];
    for (const host of hosts) {
      const outbound = host.endsWith('.test') ? named : system;
      expect(await refusal(`http://${host}:${port}/`, outbound, hosts)).toBe('url_not_allowed');
    }
    expect(reached).toEqual([]);
  });

  describe('of what it is given', () => {
    const there = (path = '/') => get(`http://${PUBLIC}:${port}${path}`);

    it('tells status, type and body as they are', async () => {
      gives('{"ok":true}', 'application/json');
      const url = `http://${PUBLIC}:${port}/a?b=c`;
      expect(await there('/a?b=c#d')).toBe(`Status: 200\nURL: ${url}\nContent-Type: application/json\n\n{"ok":true}`);
      gives('nothing here', 'text/plain', 404);
      expect(await there()).toMatch(/^Status: 404\n[^]*nothing here$/);
      gives('', 'text/plain', 500);
      expect(await there()).toMatch(/^Status: 500\n/);
    });

    it('reads text in its encoding, and says what is none', async () => {
      gives(Buffer.from('Gr\xfc\xdfe', 'latin1'), 'text/plain; charset=iso-8859-1');
      expect(await there()).toContain('Grüße');
      gives('Grüße', 'application/problem+json; charset=nonsense');
      expect(await there()).toContain('Grüße');
      gives('a text', null);
      expect(await there()).toContain('a text');
      const image = Buffer.from([137, 80, 78, 71, 0, 1]);
      gives(image, 'image/png');
      expect(await there()).toMatch(/\[Not text: (6|an unknown number of) bytes of image\/png\.\]$/);
      gives(image, null);
      expect(await there()).toMatch(/\[Not text: 6 bytes of an unknown type\.\]$/);
    });

    it.each([
      ['as it is', {}, (chunk: Buffer) => chunk],
      ['packed', { 'content-encoding': 'gzip' }, (chunk: Buffer) => gzipSync(chunk)],
    ])('reads only the beginning of what does not end, %s', async (_, headers, pack) => {
      const chunk = pack(Buffer.alloc(1024 * 1024, '0123456789'));
      let sent = 0;
      answer = (__, res) => {
        res.writeHead(200, { 'content-type': 'text/plain', ...headers });
        const more = () => {
          for (let go = true; go && !res.destroyed; sent += chunk.length) go = res.write(chunk);
        };
        res.on('drain', more);
        more();
      };
      const told = await there();
      expect(told).toMatch(/\[Cut here: the first 1048576 bytes are shown\.\]$/);
      expect(told.length).toBeLessThan(1_050_000);
      expect(sent).toBeLessThan(50_000_000);
    });
  });
});
