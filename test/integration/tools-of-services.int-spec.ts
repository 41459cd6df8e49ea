import { type ParleyYaml, type WebSearchSettings } from '../../src/platform/config/parley-yaml';
import { type Tool, type ToolExecution } from '../../src/tools/tools.types';
import { dist } from '../support/dist';
import { brave, json, type JsonServer, openMeteo, searxng, startJsonServer } from '../support/upstreams/services';

type Weather = typeof import('../../src/tools/builtin/weather.tool');
type WebSearch = typeof import('../../src/tools/builtin/web-search.tool');

const { weather } = dist('tools/builtin/weather.tool') as Weather;
const { webSearch } = dist('tools/builtin/web-search.tool') as WebSearch;

const NOBODY = {} as ToolExecution;
const YAML = { tools: { max_output: 20_000 } } as ParleyYaml;
const HIT = { title: 'Postgres <docs>', url: 'https://postgres.example/docs', snippet: 'All about Postgres.' };

describe('tools that ask services the operator names', () => {
  let service: JsonServer;
  beforeAll(async () => {
    service = await startJsonServer(openMeteo);
  });
  afterAll(() => service.close());
  beforeEach(() => {
    service.asked.length = 0;
  });

  const call = (tool: Tool, input: object) => tool.execute(input, NOBODY, new AbortController().signal);
  const meteo = (place: string, api_key?: string) => {
    const settings = { geocoding_url: `${service.url}/places`, forecast_url: `${service.url}/forecasts/`, api_key };
    return call(weather(settings), { place });
  };
  const search = (kind: WebSearchSettings['kind'], input: object, api_key?: string) =>
    call(webSearch({ kind, base_url: `${service.url}/api`, api_key }, YAML), input);

  describe('the weather of Open-Meteo', () => {
    beforeEach(() => {
      service.answer = openMeteo;
    });

    it('is that of the place', async () => {
      expect(await meteo('Paris')).toMatchObject({
        place: 'Paris, Île-de-France, France',
        timezone: 'Europe/Paris',
        now: { time: '2026-06-01T14:15', conditions: 'light rain', temperature_c: 10, feels_like_c: 11 },
        days: [
          { date: '2026-06-01', conditions: 'thunderstorm', low_c: 0, high_c: 1 },
          { date: '2026-06-02' },
          { date: '2026-06-03', low_c: null },
        ],
      });
      expect(service.asked).toMatchObject([
        { path: '/places/v1/search', query: { name: 'Paris' } },
        {
          path: '/forecasts/v1/forecast',
          query: { latitude: '48.85341', longitude: '2.3488', timezone: 'auto', forecast_days: '3' },
        },
      ]);
    });

    it('comes with the key, where there is one', async () => {
      await meteo('Paris', 'meteo-key');
      expect(service.asked.map(({ query }) => query['apikey'])).toEqual(['meteo-key', 'meteo-key']);
    });

    it('tells places of one name apart', async () => {
      expect(await meteo('paris, texas')).toMatchObject({ place: 'Paris, Texas, United States' });
      expect(await meteo('Paris, US')).toMatchObject({ place: 'Paris, Texas, United States' });
      await expect(meteo('Paris, Spain')).rejects.toThrow('Paris, Île-de-France, France; Paris, Texas, United States');
      await expect(meteo('Nowhere')).rejects.toThrow("No place named 'Nowhere'");
    });
  });

  describe('the search of the web', () => {
    it('asks SearXNG', async () => {
      service.answer = searxng;
      expect(await search('searxng', { query: 'a & b' }, 'searx-key')).toEqual({
        results: [HIT, { title: 'Redis <docs>', url: 'https://redis.example/docs', snippet: '' }],
      });
      expect(service.asked).toMatchObject([
        {
          path: '/api/search',
          query: { q: 'a & b', format: 'json' },
          headers: { authorization: 'Bearer searx-key' },
        },
      ]);
    });

    it('asks Brave', async () => {
      service.answer = brave;
      expect(await search('brave', { query: 'db', count: 1 }, 'brave-key')).toEqual({ results: [HIT] });
      expect(service.asked).toMatchObject([{ path: '/api/res/v1/web/search', query: { q: 'db', count: '1' } }]);
      expect(await search('brave', { query: 'nothing' }, 'brave-key')).toEqual({ results: [] });
      await expect(search('brave', { query: 'db' })).rejects.toThrow('The search service answered 422.');
    });
  });

  it.each<[string, JsonServer['answer'], string]>([
    ['nothing but an error', (_, res) => json(res, {}, 500), 'answered 500'],
    ['no JSON', (_, res) => res.end('<html>'), 'did not answer in JSON'],
    ['something else', (_, res) => json(res, { results: 'none' }), 'something else than it should'],
    ['a redirect', (_, res) => res.writeHead(302, { location: '/elsewhere' }).end(), 'can not be reached'],
    ['too much', (_, res) => res.end(`"${'x'.repeat(5 * 1024 * 1024)}"`), 'said too much'],
    ['half of it', (_, res) => res.writeHead(200, { 'content-length': 9 }).write('{', () => res.destroy()), 'reached'],
  ])('say what is wrong when they get %s', async (_, answer, message) => {
    service.answer = answer;
    for (const ask of [() => search('searxng', { query: 'x' }), () => meteo('Paris')]) {
      await expect(ask()).rejects.toMatchObject({
        name: 'ToolError',
        message: expect.stringContaining(message) as unknown,
      });
    }
    expect(service.asked.map(({ path }) => path)).not.toContain('/elsewhere');
  });
});
