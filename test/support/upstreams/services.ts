import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A server of JSON over loopback. `answer` may be changed; what was asked is kept. */
export interface JsonServer {
  url: string;
  asked: { path: string; query: Record<string, string>; headers: IncomingHttpHeaders }[];
  answer: (url: URL, res: ServerResponse, req: IncomingMessage) => void;
  close: () => Promise<void>;
}

export async function startJsonServer(answer: JsonServer['answer'], host = '127.0.0.1'): Promise<JsonServer> {
  const http = createServer((req, res) => {
    const url = new URL(req.url!, 'http://localhost');
    server.asked.push({ path: url.pathname, query: Object.fromEntries(url.searchParams), headers: req.headers });
    server.answer(url, res, req);
  }).listen(0, host);
  await once(http, 'listening');
  const server: JsonServer = {
    url: `http://${host}:${(http.address() as AddressInfo).port}`,
    asked: [],
    answer,
    close: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
  return server;
}

export const json = (res: ServerResponse, body: unknown, status = 200): void => {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
};

const place = (
  id: number,
  name: string,
  admin1: string,
  country: string,
  country_code: string,
  at: [number, number],
) => ({
  id,
  name,
  latitude: at[0],
  longitude: at[1],
  elevation: 42,
  feature_code: 'PPLA',
  country_code,
  admin1_id: id + 1,
  timezone: 'Europe/Paris',
  population: 2_138_551,
  country_id: id + 2,
  country,
  admin1,
});
const PLACES = [
  place(2988507, 'Paris', 'Île-de-France', 'France', 'FR', [48.85341, 2.3488]),
  place(4717560, 'Paris', 'Texas', 'United States', 'US', [33.66094, -95.55551]),
];

/** The wire of Open-Meteo: `/v1/search` of its geocoding API, `/v1/forecast` of the other. */
export const openMeteo: JsonServer['answer'] = (url, res) => {
  const { searchParams: query } = url;
  if (url.pathname.endsWith('/v1/search')) {
    const found = PLACES.filter(({ name }) => name.toLowerCase() === query.get('name')?.toLowerCase());
    return json(res, { ...(found.length > 0 ? { results: found } : {}), generationtime_ms: 0.6 });
  }
  if (!url.pathname.endsWith('/v1/forecast')) return json(res, { error: true, reason: 'Not Found' }, 404);
  const time = ['2026-06-01', '2026-06-02', '2026-06-03'];
  const current = (query.get('current') ?? '')
    .split(',')
    .map((name, i) => [name, name === 'weather_code' ? 61 : 10 + i]);
  const daily = (query.get('daily') ?? '')
    .split(',')
    .map((name, i) => [name, time.map((_, day) => (name === 'weather_code' ? 95 : day === 2 ? null : i + day))]);
  json(res, {
    latitude: Number(query.get('latitude')),
    longitude: Number(query.get('longitude')),
    generationtime_ms: 0.1,
    utc_offset_seconds: 7200,
    timezone: 'Europe/Paris',
    timezone_abbreviation: 'GMT+2',
    elevation: 38,
    current_units: { time: 'iso8601', interval: 'seconds', temperature_2m: '°C' },
    current: { time: '2026-06-01T14:15', interval: 900, ...Object.fromEntries(current) },
    daily_units: { time: 'iso8601', temperature_2m_max: '°C' },
    daily: { time, ...Object.fromEntries(daily) },
  });
};

const HITS = ['Postgres', 'Redis', 'Node'].map((name) => ({
  title: `${name} <docs>`,
  url: `https://${name.toLowerCase()}.example/docs`,
  text: `All about ${name}.`,
}));

/** `/search?format=json` of SearXNG, with what its engines add to results. */
export const searxng: JsonServer['answer'] = (url, res) => {
  if (url.searchParams.get('format') !== 'json') return void res.writeHead(403).end();
  json(res, {
    query: url.searchParams.get('q'),
    number_of_results: 0,
    results: HITS.map(({ title, url: address, text }, i) => ({
      ...(i === 2 ? { template: 'keyvalue.html' } : { url: address, title }),
      ...(i === 1 ? {} : { content: text }),
      thumbnail: null,
      engine: 'brave',
      parsed_url: ['https', new URL(address).host, '/docs', '', '', ''],
      img_src: '',
      priority: '',
      engines: ['brave'],
      positions: [i + 1],
      score: 1 / (i + 1),
      category: 'general',
      publishedDate: null,
    })),
    answers: [],
    corrections: [],
    infoboxes: [],
    suggestions: [],
    unresponsive_engines: [['google', 'timeout']],
  });
};

/** `/res/v1/web/search` of Brave. */
export const brave: JsonServer['answer'] = (url, res, { headers }) => {
  if (headers['x-subscription-token'] !== 'brave-key') {
    return json(res, { type: 'ErrorResponse', error: { status: 422, code: 'SUBSCRIPTION_TOKEN_INVALID' } }, 422);
  }
  const none = url.searchParams.get('q') === 'nothing';
  json(res, {
    type: 'search',
    query: { original: url.searchParams.get('q'), more_results_available: false },
    mixed: { type: 'mixed', main: [], top: [], side: [] },
    ...(none
      ? {}
      : {
          web: {
            type: 'search',
            family_friendly: true,
            results: HITS.slice(0, Number(url.searchParams.get('count'))).map(({ title, url: address, text }) => ({
              type: 'search_result',
              title,
              url: address,
              description: text,
              language: 'en',
              is_source_local: false,
              meta_url: { scheme: 'https', hostname: new URL(address).host },
            })),
          },
        }),
  });
};
