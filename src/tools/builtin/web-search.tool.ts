import { z } from 'zod';
import { type ParleyYaml, type WebSearchSettings } from '../../platform/config/parley-yaml';
import { defineTool } from '../define-tool';
import { fitting } from '../output';
import { askJson, endpoint } from './ask-json';

const MOST = 20;
const SERVICE = 'search service';
/** Of a result, beside its entries. */
const FRAME = 100;

const found = z.object({ title: z.string(), url: z.string(), snippet: z.string() });
type Found = z.infer<typeof found>;
type Search = (settings: WebSearchSettings, query: string, count: number, signal: AbortSignal) => Promise<Found[]>;

/** Some entries are of other kinds, such as sums and facts: they are left out. */
const entries = <T extends z.ZodType>(entry: T) =>
  z.array(entry.nullable().catch(null)).transform((all) => all.filter((one) => one !== null));
/** https://docs.searxng.org/dev/search_api.html; the server must have `json` among its `search.formats`. */
const searxngAnswer = z.object({
  results: entries(z.object({ title: z.string(), url: z.string(), content: z.string().nullish() })),
});
/** https://api-dashboard.search.brave.com/app/documentation/web-search; without hits there is no `web`. */
const braveAnswer = z.object({
  web: z
    .object({ results: entries(z.object({ title: z.string(), url: z.string(), description: z.string().nullish() })) })
    .nullish(),
});

const SEARCHES: Record<WebSearchSettings['kind'], Search> = {
  searxng: async ({ base_url, api_key }, query, _, signal) => {
    const headers: Record<string, string> = api_key ? { authorization: `Bearer ${api_key}` } : {};
    const url = endpoint(base_url, 'search', { q: query, format: 'json' });
    const { results } = await askJson(SERVICE, url, searxngAnswer, headers, signal);
    return results.map(({ title, url: address, content }) => ({ title, url: address, snippet: content ?? '' }));
  },
  brave: async ({ base_url, api_key }, query, count, signal) => {
    const headers: Record<string, string> = api_key ? { 'x-subscription-token': api_key } : {};
    const asked = { q: query, count: String(count), text_decorations: 'false' };
    const url = endpoint(base_url, 'res/v1/web/search', asked);
    const { web } = await askJson(SERVICE, url, braveAnswer, headers, signal);
    return (web?.results ?? []).map(({ title, url: address, description }) => ({
      title,
      url: address,
      snippet: description ?? '',
    }));
  },
};

export const webSearch = (settings: WebSearchSettings, { tools }: ParleyYaml) =>
  defineTool({
    name: 'web_search',
    description: 'Searches the web and gives titles, addresses and snippets. Use web_page to read what was found.',
    input: z.object({
      query: z.string().min(1).max(400),
      count: z.int().min(1).max(MOST).default(8).describe('How many results at most'),
    }),
    output: z.object({ results: z.array(found) }),
    sideEffects: 'reads',
    execute: async ({ query, count }, _, signal) => {
      const results = await SEARCHES[settings.kind](settings, query, count, signal);
      return { results: fitting(results.slice(0, count), tools.max_output - FRAME) };
    },
  });
