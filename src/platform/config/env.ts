import { z } from 'zod';

const httpUrl = z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// address' });
const key = z.string().min(1);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const origins = list.refine((all) => all.every((origin) => origin === '*' || URL.canParse(origin)), {
  error: 'expected a comma-separated list of origins such as https://app.example.com, or *',
});
const KEY = /^[^,]{32,}$/;
const KEY_EXPECTED = 'expected 32 bytes as base64 or hex, or a text of at least 32 characters; without commas';
const PORT_EXPECTED = 'expected a port between 0 (any free one) and 65535';

/** The only names read from the environment. A wrong value stops the start with one sentence naming it. */
const schema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: PORT_EXPECTED })
    .transform(Number)
    .refine((port) => port <= 65_535, { error: PORT_EXPECTED })
    .default(3000),
  HOST: z.string().min(1).default('0.0.0.0'),
  DATA_DIR: z.string().min(1).default('./.data'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'expected redis://host:port or rediss://host:port' }).optional(),
  S3_BUCKET: z.string().min(3).max(63).optional(),
  S3_ENDPOINT: httpUrl.optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_ACCESS_KEY_ID: key.optional(),
  S3_SECRET_ACCESS_KEY: key.optional(),
  WORKERS: z.enum(['on', 'off']).default('on'),
  JWT_SECRET: z.string().min(32, { error: 'expected at least 32 characters' }).optional(),
  ENCRYPTION_KEY: z.string().trim().regex(KEY, { error: KEY_EXPECTED }).optional(),
  ENCRYPTION_KEY_PREVIOUS: list.refine((all) => all.every((one) => KEY.test(one)), { error: KEY_EXPECTED }).default([]),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PARLEY_CONFIG: z.string().min(1).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'expected smtp://user:password@host:port' }).optional(),
  MAIL_FROM: z.string().min(3).default('Parley <parley@localhost>'),
  OPENAI_API_KEY: key.optional(),
  OPENAI_BASE_URL: httpUrl.default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: key.optional(),
  ANTHROPIC_BASE_URL: httpUrl.default('https://api.anthropic.com'),
  OPENROUTER_API_KEY: key.optional(),
  OPENROUTER_BASE_URL: httpUrl.default('https://openrouter.ai/api/v1'),
  OPENAI_COMPATIBLE_BASE_URL: httpUrl.optional(),
  OPENAI_COMPATIBLE_API_KEY: key.optional(),
  QDRANT_URL: httpUrl.optional(),
  QDRANT_API_KEY: key.optional(),
  DEFAULT_MODEL: z.string().min(1).default('demo/echo'),
  REGISTRATION: z.enum(['open', 'closed']).default('open'),
  ADMIN_EMAIL: z.email({ error: 'expected an e-mail address' }).optional(),
  ADMIN_PASSWORD: z.string().min(8, { error: 'expected at least 8 characters' }).optional(),
});

export type Env = Readonly<z.infer<typeof schema>>;

/** Reads and checks the environment. An empty value counts as unset, as compose files and `.env` leave them. */
export function loadEnv(source: NodeJS.ProcessEnv): Env {
  const set = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const result = schema.safeParse(set);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const env = result.data;
  if (env.NODE_ENV === 'production' && !env.JWT_SECRET) {
    throw new ConfigError('JWT_SECRET must be set in production (at least 32 random characters)');
  }
  if (env.ADMIN_PASSWORD && !env.ADMIN_EMAIL) throw new ConfigError('ADMIN_PASSWORD is set but ADMIN_EMAIL is not');
  if (!env.S3_ACCESS_KEY_ID !== !env.S3_SECRET_ACCESS_KEY) {
    throw new ConfigError('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: one is set but not the other');
  }
  return Object.freeze(env);
}

/** A mistake of the operator's: told in one sentence, without a stack. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
