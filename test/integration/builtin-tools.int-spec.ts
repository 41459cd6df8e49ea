import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020';
import { fullFormats } from 'ajv-formats/dist/formats';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type Tool } from '../../src/tools/tools.types';
import { TestTools } from '../support/builtin-tools';
import { dist } from '../support/dist';
import { pageOf, pdfOf } from '../support/documents/pdf';
import { until } from '../support/until';
import { type JsonServer, openMeteo, searxng, startJsonServer } from '../support/upstreams/services';

type Builtin = typeof import('../../src/tools/builtin-tools.service');
type Settings = typeof import('../../src/tools/tool-settings.service');
type SettingsStore = typeof import('../../src/tools/tool-settings.repository');
type Collections = typeof import('../../src/rag/collections.service');
type Additions = typeof import('../../src/rag/additions.service');
type Documents = typeof import('../../src/rag/documents.service');

const { BUILTIN_TOOLS } = dist('tools/builtin-tools.service') as Builtin;
const { ToolSettingsService } = dist('tools/tool-settings.service') as Settings;
const { ToolSettingsRepository } = dist('tools/tool-settings.repository') as SettingsStore;
const { CollectionsService } = dist('rag/collections.service') as Collections;
const { AdditionsService } = dist('rag/additions.service') as Additions;
const { DocumentsService } = dist('rag/documents.service') as Documents;

const SENTENCE = 'The keeper climbs the stairs each evening, and lights the lamp before the fog comes in from the sea.';
const ARTICLE = `<!DOCTYPE html><html><head><title>On lighthouses</title></head><body><nav>Home About Shop</nav>
<article><h1>On lighthouses</h1>${`<p>${SENTENCE}</p>`.repeat(8)}</article><footer>Imprint</footer></body></html>`;
const HOLIDAYS = `Every employee has 30 days of holiday. ${'The office is closed in the last week of December. '.repeat(200)}The end.`;
/** What models may come up with, for a field of any type. */
const ODD = [
  ...['', '\0', 'a'.repeat(100_000), '\ud800', '🏳️‍🌈', "'; DROP TABLE users; --", '../../etc/passwd', randomUUID()],
  ...[-1, 0, 1e308, true, null, [], {}],
];
const NO_ARGUMENTS = ['', '{', '[]', 'null', '"text"', '42', '{"a":', '{} {}', '\0', '{"__proto__":{"url":"x"}}'];

jest.setTimeout(60_000);

describe('built-in tools', () => {
  let web: JsonServer;
  let upstream: JsonServer;
  let tools: TestTools;
  let bob: Principal;
  let collectionId: string;
  let documentId: string;
  /** Good arguments of each. */
  let examples: Record<string, object>;

  beforeAll(async () => {
    web = await startJsonServer((_, res) => res.end(), '127.0.0.2');
    upstream = await startJsonServer((url, res, req) => {
      (url.pathname.startsWith('/searx/') ? searxng : openMeteo)(url, res, req);
    });
    tools = await TestTools.start(`
outbound: { allowed_networks: [127.0.0.2] }
tools:
  weather: { geocoding_url: ${upstream.url}, forecast_url: ${upstream.url} }
  web_search: { kind: searxng, base_url: ${upstream.url}/searx }
`);
    bob = await tools.person();
    const { app } = tools.services;
    collectionId = (await app.get(CollectionsService).create(tools.caller, { name: 'Handbook' })).id;
    const added = await app
      .get(AdditionsService)
      .add(tools.caller, collectionId, { title: 'Holidays', text: HOLIDAYS });
    documentId = added.data[0]!.id;
    const status = async () => (await app.get(DocumentsService).get(tools.caller, documentId)).status;
    await until(status, (now) => now === 'ready', 30_000);
    examples = {
      calculator: { expression: '6 * 7' },
      current_time: { timezone: 'Europe/Berlin' },
      http_get: { url: web.url },
      web_page: { url: web.url },
      search_documents: { query: 'holiday' },
      read_document: { document_id: documentId },
      weather: { place: 'Paris' },
      web_search: { query: 'databases' },
    };
  });
  afterAll(async () => {
    await tools.services.stop();
    await Promise.all([web.close(), upstream.close()]);
  });
  beforeEach(() => {
    web.asked.length = upstream.asked.length = 0;
    web.answer = (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(ARTICLE);
  });

  const execute: TestTools['execute'] = (...asked) => tools.execute(...asked);
  const told: TestTools['told'] = (...asked) => tools.told(...asked);
  const refused: TestTools['refused'] = (...asked) => tools.refused(...asked);

  describe('all of them', () => {
    const each = (check: (tool: Tool) => unknown) => Promise.all(tools.all.tools.map(check));
    const ajv = new Ajv2020({ strict: true, formats: fullFormats });

    it('are those that are registered, each with an example here', () => {
      const registered = tools.services.app.get<Tool[]>(BUILTIN_TOOLS).map(({ name }) => name);
      expect(tools.all.tools.map(({ name }) => name)).toEqual(registered);
      expect(Object.keys(examples).sort()).toEqual([...registered].sort());
    });

    it('say what they are', () =>
      each((tool) => {
        expect(tool.name).toMatch(/^[a-z][a-z_]{2,63}$/);
        expect(tool.description).toMatch(/^[A-Z].{20,400}\.$/s);
        expect(tool.origin).toBe('builtin');
        expect(tool.parameters).toMatchObject({ type: 'object', properties: expect.any(Object) as unknown });
        expect(ajv.compile(tool.parameters)).toBeDefined();
        expect(ajv.validate(tool.parameters, examples[tool.name])).toBe(true);
        expect(tool.timeoutMs).toBeGreaterThanOrEqual(1_000);
        expect(tool.timeoutMs).toBeLessThanOrEqual(120_000);
        expect(tool.idempotent).toBe(tool.sideEffects !== 'writes');
      }));

    it('do what they say, and what comes out is what their schema says', () =>
      each(async (tool) => {
        const content = await told(tool, examples[tool.name]);
        if (tool.output)
          expect([tool.name, ajv.validate(tool.output, JSON.parse(content)), ajv.errors]).toEqual([
            tool.name,
            true,
            null,
          ]);
        else expect(content).not.toBe('');
      }));

    it('answer anything with a result', () =>
      each(async (tool) => {
        const good = examples[tool.name]!;
        const fields = Object.keys(tool.parameters['properties'] as object);
        const inputs = [
          ...NO_ARGUMENTS,
          ...fields.flatMap((field) => ODD.map((value) => ({ ...good, [field]: value }))),
        ];
        for (const input of inputs) {
          const result = await execute(tool, input);
          expect(result).toMatchObject({
            content: expect.any(String) as unknown,
            isError: expect.any(Boolean) as unknown,
          });
          expect(result.content).not.toContain('an error on this server');
        }
        expect(await refused(tool, '{"')).toContain('not valid JSON');
        if (tool.parameters['required']) expect(await refused(tool, '{}')).toContain('required');
      }));

    it('give up when nobody waits any more, and are given up on in time', async () => {
      web.answer = () => undefined;
      const hanging = ['http_get', 'web_page'].map((name) => ({ ...tools.all.find(name)!, timeoutMs: 200 }));
      for (const tool of hanging) expect(await refused(tool, { url: web.url })).toContain('within 0.2 s');
      const aborted = AbortSignal.abort(new Error('not wanted'));
      await each((tool) => expect(execute(tool, '{}', {}, aborted)).rejects.toThrow('not wanted'));
    });

    it('need what their caller may do otherwise', async () => {
      const narrowed: Principal = { ...tools.caller, apiKeyId: randomUUID(), scopes: ['tools'] };
      for (const name of ['search_documents', 'read_document']) {
        expect(await refused(name, examples[name], { principal: narrowed })).toContain('documents:read');
      }
    });
  });

  describe('web_page', () => {
    it('gives the title and the readable part', async () => {
      const page = await told('web_page', { url: `${web.url}/story` });
      expect(page).toMatch(new RegExp(`^Title: On lighthouses\nURL: ${web.url}/story\n\n`));
      expect(page).toContain('The keeper climbs the stairs');
      expect(page).not.toMatch(/Shop|Imprint/);
    });

    it('reads other documents too', async () => {
      web.answer = (_, res) =>
        res.writeHead(200, { 'content-type': 'application/pdf' }).end(pdfOf([pageOf(['A paper'])]));
      expect(await told('web_page', { url: `${web.url}/paper.pdf` })).toContain('A paper');
    });

    it('says why there is nothing to read', async () => {
      web.answer = (_, res) => res.writeHead(404).end();
      expect(await refused('web_page', { url: web.url })).toBe('The server answered 404 for this address.');
      web.answer = (_, res) =>
        res.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([137, 80, 78, 71, 0]));
      expect(await refused('web_page', { url: web.url })).toContain('image/png');
      web.answer = (_, res) => res.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF-1.7 broken');
      expect(await refused('web_page', { url: web.url })).toMatch(/damaged|no text/);
      web.answer = (_, res) => res.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(11 * 1024 * 1024));
      expect(await refused('web_page', { url: web.url })).toBe('The page has more than 10 MB.');
    });
  });

  describe('the hosts a workspace allows', () => {
    const host = '127.0.0.2';
    const put = (hosts: string[] | null) =>
      tools.services.app.get(ToolSettingsService).put(tools.caller, { allowed_hosts: hosts });
    afterEach(() => put(null));

    it('are the only ones asked, at every hop, for its own people only', async () => {
      await put(['example.com', '*.example.org']);
      for (const name of ['http_get', 'web_page']) {
        expect(await refused(name, { url: web.url })).toContain(`The host ${host} is not among those`);
        expect(await told(name, { url: web.url }, { principal: bob })).toContain('lighthouses');
      }
      await put([host]);
      expect(await told('http_get', { url: web.url })).toContain('lighthouses');
      web.answer = (_, res) => res.writeHead(302, { location: 'https://example.com/' }).end();
      expect(await refused('http_get', { url: web.url })).toContain('The host example.com is not among those');
    });

    it('are heard of in every process when they change', async () => {
      expect(await told('http_get', { url: web.url })).toContain('Status: 200');
      // As another process does it, which this one only hears of.
      await tools.services.app.get(ToolSettingsRepository).put(tools.caller, []);
      await until(async () => (await execute('http_get', { url: web.url })).isError);
    });

    it('open nothing that is inside', async () => {
      await put(['127.0.0.1', 'localhost']);
      for (const inside of ['127.0.0.1', 'localhost']) {
        const url = upstream.url.replace('127.0.0.1', inside);
        expect(await refused('http_get', { url })).toContain('not a public one');
      }
      expect(upstream.asked).toEqual([]);
    });
  });

  describe('documents', () => {
    const search = async (query: string, as: Parameters<typeof execute>[2] = {}, k?: number) =>
      JSON.parse(await told('search_documents', { query, ...(k ? { k } : {}) }, as)) as {
        results: { number: number; document_id: string; title: string; text: string; start: number }[];
        not_ready: number;
      };

    it('are found by who may read them', async () => {
      const { results, not_ready } = await search('how many days of holiday');
      expect(results[0]).toMatchObject({ number: 1, document_id: documentId, title: 'Holidays' });
      expect(results[0]!.text).toContain('30 days of holiday');
      expect(not_ready).toBe(0);
      expect((await search('how many days of holiday', {}, 1)).results).toHaveLength(1);
      expect((await search('holiday', { principal: bob })).results).toEqual([]);
    });

    it('are those of the turn, where it has said which', async () => {
      const other = (await tools.services.app.get(CollectionsService).create(tools.caller, { name: 'Empty' })).id;
      expect((await search('holiday', { collectionIds: [collectionId] })).results).not.toEqual([]);
      expect((await search('holiday', { collectionIds: [other] })).results).toEqual([]);
      expect((await search('holiday', { collectionIds: [] })).results).toEqual([]);
      const foreign = { principal: bob, collectionIds: [collectionId] };
      expect(await refused('search_documents', { query: 'holiday' }, foreign)).toContain('no collection');
      expect(await refused('read_document', { document_id: documentId }, { collectionIds: [other] })).toContain(
        'There is no document',
      );
    });

    it('are read in parts', async () => {
      const read = (window: object) => told('read_document', { document_id: documentId, ...window });
      expect(await read({ from: 6, length: 8 })).toBe(
        `Document: Holidays\nPart: characters 6 to 14 of ${HOLIDAYS.length}\n\nemployee`,
      );
      expect(await read({ from: HOLIDAYS.length - 8, length: 100 })).toMatch(/\n\nThe end\.$/);
      expect(await read({ length: 1e9 })).toContain(`characters 0 to ${HOLIDAYS.length} of`);
      const beyond = { document_id: documentId, from: HOLIDAYS.length };
      expect(await refused('read_document', beyond)).toBe(`The text ends at character ${HOLIDAYS.length}.`);
    });

    it('of others are not there', async () => {
      const foreign = await refused('read_document', { document_id: documentId }, { principal: bob });
      expect(foreign).toMatch(/^There is no document/);
      expect(await refused('read_document', { document_id: randomUUID() })).toBe(foreign);
      expect(await refused('read_document', { document_id: `urn:uuid:${documentId}` })).toContain('document_id');
    });
  });
});
