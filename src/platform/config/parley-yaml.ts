import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { byteSize } from './byte-size';
import { duration } from './duration';
import { ConfigError } from './env';
import { isNetwork } from './networks';
import { tier, tierName } from './tier';

/** Decimal text or a plain number, in USD per million tokens. Twelve decimals of a USD per token remain exact. */
const price = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => /^\d{1,6}(\.\d{1,6})?$/.test(text), {
    error: 'expected USD per million tokens, not negative, at most six decimals, such as "0.15"',
  });

/** Decimal text or a plain number, in USD. */
const usd = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => /^\d{1,6}(\.\d{1,12})?$/.test(text), { error: 'expected USD, such as "0.002"' });

const httpUrl = z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// address' });

const modelId = z.string().regex(/^[\w.-]+\/.+$/, { error: 'expected provider/model' });

const model = z
  .strictObject({
    id: modelId,
    context_window: z.int().positive().optional(),
    max_output_tokens: z.int().positive().optional(),
    capabilities: z.array(z.enum(['vision', 'tools', 'json_schema', 'reasoning'])).optional(),
    /** It makes vectors of so many numbers, of at most `max_inputs` texts in one request. */
    embedding: z
      .strictObject({ dimensions: z.int().positive().max(16_000), max_inputs: z.int().positive().optional() })
      .optional(),
    price: z
      .strictObject({
        input_per_mtok: price,
        output_per_mtok: price.optional(),
        cached_input_per_mtok: price.optional(),
        cache_write_per_mtok: price.optional(),
      })
      .optional(),
  })
  .refine(({ embedding, price }) => embedding || !price || price.output_per_mtok !== undefined, {
    path: ['price', 'output_per_mtok'],
    error: 'expected a price: only embedding models write nothing',
  });

const RESERVED = ['openai', 'anthropic', 'openrouter', 'demo', 'local'];
const provider = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, { error: 'expected lower-case letters, digits, dots and dashes' })
    .refine((id) => !RESERVED.includes(id), { error: 'this name belongs to a built-in provider' }),
  kind: z.literal('openai-compatible'),
  base_url: httpUrl,
  api_key: z.string().min(1).optional(),
});

/** A server that speaks the rerank API of Cohere and Jina. `price_per_search` is in USD; without it the cost is not known. */
const reranker = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, { error: 'expected lower-case letters, digits, dots and dashes' })
    .refine((id) => id !== 'none' && id !== 'llm', { error: 'this name belongs to a built-in reranker' }),
  url: httpUrl,
  api_key: z.string().min(1).optional(),
  model: z.string().min(1),
  price_per_search: usd.optional(),
  timeout: duration.default(10_000),
});

const network = z.string().refine(isNetwork, { error: 'expected an address or a network such as 10.0.0.0/8' });

/** A name callers use as a model. `timeout` bounds an attempt until its first content, or until its whole plain answer. */
const route = z.strictObject({
  strategy: z.enum(['fallback', 'weighted', 'fastest', 'race']).default('fallback'),
  targets: z
    .array(
      z.strictObject({
        model: modelId,
        timeout: duration.optional(),
        weight: z.number().positive().max(1e6).default(1),
      }),
    )
    .min(1)
    .max(20),
  on_context_overflow: z.array(modelId).max(20).default([]),
  /** `next` asks the next target when one stopped for its content filter before it said anything. */
  on_content_filter: z.enum(['stop', 'next']).default('stop'),
});
const routeName = z.string().regex(/^[\w.-]{1,64}$/, { error: 'expected a name of letters, digits, dots and dashes' });

export const NO_EVIDENCE = ['refuse', 'answer'] as const;
export type NoEvidence = (typeof NO_EVIDENCE)[number];

/** Everything that isn't a secret or an address. Unknown keys are refused. */
const settings = z.strictObject({
  providers: z
    .array(provider)
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, {
      error: 'two providers have the same id',
    })
    .default([]),
  models: z
    .array(model)
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, {
      error: 'two models have the same id',
    })
    .default([]),
  rerankers: z
    .array(reranker)
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, {
      error: 'two rerankers have the same id',
    })
    .default([]),
  /** `false` removes the offline `demo/*` models. */
  demo: z.boolean().default(true),
  http: z
    .strictObject({
      trusted_proxies: z.array(z.string().min(1)).default([]),
      body_limit: byteSize.default(20 * 1024 * 1024),
      slow_request: duration.default(10_000),
      shutdown_grace: duration.default(10_000),
    })
    .prefault({}),
  streams: z
    .strictObject({
      /** Whoever reads nothing of its stream for so long is cut off. */
      stalled_reader: duration.default(60_000),
    })
    .prefault({}),
  routes: z.record(routeName, route).default({}),
  /** Several keys of one provider, by its id. */
  keys: z.record(z.string(), z.array(z.string().min(1)).min(1).max(100)).default({}),
  /** Of an attempt, until its first content, between two tokens of a stream; and of the whole call. */
  timeouts: z
    .strictObject({
      attempt: duration.default(600_000),
      first_token: duration.default(120_000),
      idle: duration.default(60_000),
      total: duration.default(600_000),
    })
    .prefault({}),
  /** How often a target is tried in all, and how long is waited before: between 0 and `base` doubled each time, up to `cap`. */
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(10).default(3),
      base: duration.default(250),
      cap: duration.default(5_000),
      /** A provider that asks to be left alone for longer is. */
      retry_after: duration.default(5_000),
    })
    .prefault({}),
  /** A target is left alone for `open` (doubled each time, up to 5 minutes) when `threshold` of at least `minimum` attempts within `window` failed. */
  breaker: z
    .strictObject({
      threshold: z.number().gt(0).lt(1).default(0.5),
      minimum: z.int().positive().default(10),
      window: duration.default(30_000),
      open: duration.default(15_000),
    })
    .prefault({}),
  /** Under a budget answers are of limited length: of this many tokens where the caller names none. */
  budgets: z.strictObject({ default_max_tokens: z.int().positive().max(1_000_000).default(4_096) }).prefault({}),
  /** How chats with `collection_ids` are grounded, where they don't say. */
  rag: z
    .strictObject({
      /** Passages shown to the model, at most. */
      passages: z.int().min(1).max(50).default(8),
      /** Tokens of the prompt for them, at most; never more than the model has room for. */
      context_tokens: z.int().min(200).max(1_000_000).default(6_000),
      mode: z.enum(['hybrid', 'vector', 'text']).default('hybrid'),
      /** Passages that have less to do with the question are no evidence; docs/rag.md says how that is measured. */
      min_score: z.number().min(0).max(1).default(0.05),
      /** Without evidence: the sentence below, without asking a model, or a model that is told there is none. */
      no_evidence: z.enum(NO_EVIDENCE).default('refuse'),
      no_evidence_answer: z.string().min(1).max(1_000).default('The documents do not contain an answer to this.'),
      /** Whether a question is first put so that it can be understood without the conversation before it: one more call. */
      rewrite: z.boolean().default(false),
      /** For grounded chats that name no model; else the default model, or `demo/extract` where that is `demo/echo`. */
      model: z.string().min(1).optional(),
    })
    .prefault({}),
  /** Tools a model may call, and how long it may go on calling them where a request doesn't say. */
  tools: z
    .strictObject({
      /** Calls of the model for one answer. */
      max_steps: z.int().min(1).max(1_000).default(10),
      /** Of one answer or run, waiting for people not counted. */
      max_duration: duration.default(600_000),
      /** How long a run waits for somebody's decision. */
      approval_expiry: duration.default(7 * 86_400_000),
      /** Characters of one result that the model is told; what comes after them is cut, and marked. */
      max_output: z.int().min(100).max(1_000_000).default(20_000),
      /** USD of one execution, by name. */
      prices: z.record(z.string(), usd).default({}),
      /** Built-in tools that nobody gets. */
      disabled: z.array(z.string()).default([]),
      /** Servers that speak the API of Open-Meteo: one that knows places, and one that knows the weather there. */
      weather: z
        .strictObject({
          geocoding_url: httpUrl.default('https://geocoding-api.open-meteo.com'),
          forecast_url: httpUrl.default('https://api.open-meteo.com'),
          api_key: z.string().min(1).optional(),
        })
        .prefault({}),
      /** A server that speaks the search API of SearXNG or of Brave. Without one there is no `web_search`. */
      web_search: z
        .strictObject({ kind: z.enum(['searxng', 'brave']), base_url: httpUrl, api_key: z.string().min(1).optional() })
        .optional(),
    })
    .prefault({}),
  /** Where users may have us send requests, besides public addresses: networks such as 10.0.0.0/8. */
  outbound: z.strictObject({ allowed_networks: z.array(network).default([]) }).prefault({}),
  /** Of files of users, each in a process of its own: how many at once, how long one may take, and how much memory. */
  parsing: z
    .strictObject({
      processes: z.int().min(1).max(64).optional(),
      timeout: duration.default(120_000),
      memory: byteSize
        .refine((bytes) => bytes >= 128 * 1024 * 1024, { error: 'expected at least 128mb' })
        .default(768 * 1024 * 1024),
    })
    .prefault({}),
  /** Per minute, on register, login, refresh and password reset each. */
  throttle: z
    .strictObject({ per_ip: z.int().positive().default(100), per_mail: z.int().positive().default(10) })
    .prefault({}),
  documents: z
    .strictObject({
      /** Of one file, whatever the tier says. */
      max_upload: byteSize.default(100 * 1024 * 1024),
    })
    .prefault({}),
  tiers: z.record(tierName, tier).default({}),
  /** Of those who were given none. */
  default_tier: tierName.optional(),
});

const schema = settings.refine(
  ({ tiers, default_tier }) => default_tier === undefined || Object.hasOwn(tiers, default_tier),
  { path: ['default_tier'], error: 'expected one of the names under tiers' },
);

export type ParleyYaml = z.infer<typeof schema>;
export type ModelSettings = z.infer<typeof model>;
export type RerankerSettings = z.infer<typeof reranker>;
export type WeatherSettings = ParleyYaml['tools']['weather'];
export type WebSearchSettings = NonNullable<ParleyYaml['tools']['web_search']>;
export type RouteSettings = z.infer<typeof route>;

/** The settings, and where in the file they stand, for what is found wrong only later. */
export interface LoadedYaml {
  values: ParleyYaml;
  mistake: (path: readonly PropertyKey[], message: string) => ConfigError;
}

/**
 * Reads `PARLEY_CONFIG`, or `./parley.yaml` when it exists. `$NAME` as a whole value is taken from the environment.
 * Throws ConfigError with file, line and what was expected.
 */
export function loadYaml(path: string | undefined, environment: NodeJS.ProcessEnv): LoadedYaml {
  const file = resolve(path ?? 'parley.yaml');
  if (!existsSync(file)) {
    if (path) throw new ConfigError(`PARLEY_CONFIG: there is no file ${file}`);
    return { values: schema.parse({}), mistake: (_, message) => new ConfigError(message) };
  }
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
  const at = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line}`;
  const broken = document.errors[0];
  if (broken) throw new ConfigError(`${at(broken.pos[0])}: ${broken.message.split('\n')[0]}`);

  const values = substitute(document.toJS() ?? {}, environment, (name, where) => {
    throw new ConfigError(`${at(offsetOf(document, where))}: the environment variable ${name} is not set`);
  });
  const mistake = (where: readonly PropertyKey[], message: string) =>
    new ConfigError(`${at(offsetOf(document, where))}: ${where.join('.')}: ${message}`);
  const result = schema.safeParse(values);
  if (result.success) return { values: result.data, mistake };
  const issue = result.error.issues[0];
  const where = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? []);
  throw mistake(where, issue?.message ?? 'not valid');
}

/** Where the value at `path`, or its nearest existing parent, begins in the file. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function substitute(
  value: unknown,
  environment: NodeJS.ProcessEnv,
  missing: (name: string, path: readonly PropertyKey[]) => never,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === 'string' && /^\$[A-Z_][A-Z0-9_]*$/.test(value)) {
    return environment[value.slice(1)] || missing(value.slice(1), path);
  }
  if (Array.isArray(value)) return value.map((item, i) => substitute(item, environment, missing, [...path, i]));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, substitute(item, environment, missing, [...path, name])]),
    );
  }
  return value;
}
