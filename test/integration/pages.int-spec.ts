import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Config } from '../../src/platform/config/config.service';
import { type PagesService } from '../../src/rag/pages.service';
import { dist } from '../support/dist';
import { pageOf, pdfOf } from '../support/documents/pdf';
import { startParsing } from '../support/documents/parse';

type OutboundModule = typeof import('../../src/platform/net/outbound.service');
type PagesModule = typeof import('../../src/rag/pages.service');

const { OutboundService } = dist('platform/net/outbound.service') as OutboundModule;
const { PagesService: Pages } = dist('rag/pages.service') as PagesModule;

const MB = 1024 * 1024;
const html = (body: string) => `<!DOCTYPE html><html><head><title>T</title></head><body>${body}</body></html>`;

describe('pages of the web', () => {
  let server: Server;
  let origin: string;
  let answer: (req: IncomingMessage, res: ServerResponse) => void;
  let asked: string[];
  const outbound = new OutboundService({
    yaml: { outbound: { allowed_networks: ['127.0.0.1'] } },
  } as unknown as Config);
  const guarded = new OutboundService({ yaml: { outbound: { allowed_networks: [] } } } as unknown as Config);
  let pages: PagesService;

  beforeAll(async () => {
    server = createServer((req, res) => {
      asked.push(req.url!);
      answer(req, res);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await Promise.all([outbound.onApplicationShutdown(), guarded.onApplicationShutdown()]);
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
    pages = new Pages(outbound);
  });

  const gives = (body: string | Buffer, headers: Record<string, string> = {}, status = 200) => {
    answer = (_, res) => res.writeHead(status, headers).end(body);
  };
  const never = new AbortController().signal;
  const fetched = async (path = '/') => {
    const page = await pages.fetch(origin + path, never);
    return { ...page, body: await buffer(page.body) };
  };
  const code = (url: string, service = pages) =>
    service.fetch(url, never).then(
      async ({ body }) =>
        buffer(body).then(
          () => null,
          (error: unknown) => (error as { code: string }).code,
        ),
      (error: unknown) => (error as { code: string }).code,
    );

  it('gives the page, where it came from and what it is', async () => {
    gives(html('<p>Hello'), { 'content-type': 'text/html; charset=utf-8' });
    const page = await fetched('/docs/intro.php?x=1#part');
    expect(page).toMatchObject({
      url: `${origin}/docs/intro.php?x=1`,
      mediaType: 'text/html;profile=web-page',
      filename: 'intro.html',
    });
    expect(page.body.toString()).toContain('Hello');
  });

  it.each<[string, string, string | Buffer, string, string]>([
    ['/a/guide.md', 'text/plain', '# Guide', 'text/markdown', 'guide.md'],
    ['/a/guide', 'text/markdown; charset=UTF-8', '# Guide', 'text/markdown', 'guide.md'],
    ['/report', 'application/pdf', pdfOf([pageOf(['x'])]), 'application/pdf', 'report.pdf'],
    ['/report.pdf', 'application/octet-stream', pdfOf([pageOf(['x'])]), 'application/pdf', 'report.pdf'],
    ['/data', 'application/json', '{"a":1}', 'application/json', 'data.json'],
    ['/', 'application/xhtml+xml', html('x'), 'text/html;profile=web-page', 'page.html'],
    ['/%C3%BCber%2Funs%00', 'text/html', html('x'), 'text/html;profile=web-page', 'über_uns_.html'],
    ['/nothing-said', '', 'some text', 'text/plain', 'nothing-said'],
  ])('%s of type %s', async (path, type, body, mediaType, filename) => {
    gives(body, type ? { 'content-type': type } : {});
    expect(await fetched(path)).toMatchObject({ mediaType, filename });
  });

  it.each([
    ['image/png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['text/html', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['application/zip', Buffer.from('504b030414000000', 'hex')],
  ])('refuses what no parser reads: %s', async (type, bytes) => {
    gives(bytes, { 'content-type': type });
    expect(await code(origin)).toBe('unsupported_document');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('reads a body in %s', async (encoding, encode) => {
    gives(encode(html('packed')), { 'content-type': 'text/html', 'content-encoding': encoding });
    expect((await fetched()).body.toString()).toContain('packed');
    gives('not that', { 'content-type': 'text/html', 'content-encoding': encoding });
    expect(await code(origin)).toBe('page_unreachable');
  });

  it('is not filled by what unpacks to much, or by a body without an end', async () => {
    gives(gzipSync(Buffer.alloc(200 * MB, ' ')), { 'content-type': 'text/html', 'content-encoding': 'gzip' });
    expect(await code(origin)).toBe('payload_too_large');
    answer = (_, res) => {
      res.writeHead(200, { 'content-type': 'text/plain' });
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(MB)));
      };
      res.on('drain', more);
      more();
    };
    expect(await code(origin)).toBe('payload_too_large');
  });

  it('keeps the encoding that only the server told', async () => {
    gives(Buffer.from(html('Gr\xfc\xdfe'), 'latin1'), { 'content-type': 'text/html; charset="ISO-8859-1"' });
    const { mediaType, body } = await fetched();
    const { parse, stop } = startParsing();
    expect((await parse(mediaType, body)).text).toBe('Grüße');
    await stop();
  });

  it('follows redirects, five at most', async () => {
    answer = (req, res) => {
      const left = Number(/\d+/.exec(req.url!)?.[0] ?? 0);
      if (left === 0) res.writeHead(200, { 'content-type': 'text/html' }).end(html('there'));
      else res.writeHead(302, { location: `${left - 1}?from=${left}` }).end();
    };
    expect(await fetched('/hop/5')).toMatchObject({ url: `${origin}/hop/0?from=1` });
    expect(await code(`${origin}/hop/6`)).toBe('url_not_allowed');
    answer = (_, res) => res.writeHead(301, { location: '/again' }).end();
    asked = [];
    expect(await code(origin)).toBe('url_not_allowed');
    expect(asked).toHaveLength(6);
  });

  it.each([
    'http://localhost:1/',
    'http://127.0.0.2/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0x7f.2/',
    'http://2130706434/',
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'gopher://127.0.0.1/',
    'data:text/html,x',
    'http://user:secret@127.0.0.1/',
    'not an address',
  ])('asks nobody for %s, nor when a page redirects there', async (url) => {
    const local = url.startsWith('http://localhost') ? guarded : outbound;
    expect(await code(url, new Pages(local))).toBe('url_not_allowed');
    if (url === 'not an address' || local === guarded) return;
    answer = (_, res) => res.writeHead(302, { location: url }).end();
    expect(await code(origin)).toBe('url_not_allowed');
    expect(asked).toHaveLength(1);
  });

  it('asks nobody of this machine unless the operator allows it', async () => {
    gives(html('secret'), { 'content-type': 'text/html' });
    expect(await code(origin, new Pages(guarded))).toBe('url_not_allowed');
    expect(asked).toEqual([]);
  });

  it.each([
    [404, 'page_refused'],
    [401, 'page_refused'],
    [204, 'page_refused'],
    [500, 'page_unreachable'],
    [429, 'page_unreachable'],
  ])('says of %d what it means', async (status, expected) => {
    gives('', {}, status);
    expect(await code(origin)).toBe(expected);
  });

  it('says when the server breaks off, in its headers or in the middle', async () => {
    answer = (req) => req.socket.destroy();
    expect(await code(origin)).toBe('page_unreachable');
    answer = (_, res) => {
      res.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000000' });
      res.write(html('x'.repeat(200_000)), () => res.destroy());
    };
    expect(await code(origin)).toBe('page_unreachable');
  });

  it('gives up after its time, and at once when nobody wants it any more', async () => {
    const drip = (res: ServerResponse) => {
      res.writeHead(200, { 'content-type': 'text/html' });
      const timer = setInterval(() => res.write('x'), 20);
      res.on('close', () => clearInterval(timer));
    };
    answer = (_, res) => drip(res);
    Object.assign(pages.limits, { ms: 300 });
    expect(await code(origin)).toBe('page_timed_out');
    Object.assign(pages.limits, { ms: 60_000 });
    const leaving = new AbortController();
    answer = (_, res) => {
      drip(res);
      leaving.abort(new Error('not wanted'));
    };
    await expect(pages.fetch(origin, leaving.signal)).rejects.toThrow('not wanted');
  });
});
