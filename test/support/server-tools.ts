import { randomUUID } from 'node:crypto';
import { usageRows } from './ledger';
import { type ParleyOptions } from './parley';
import { type SseEvent } from './sse';
import { type TestUser } from './user';
import { startWorld, type World } from './world';

/** Models that do as the user's text says, each behind another wire. */
export const PLANNERS = ['openai/plan', 'anthropic/plan', 'demo/echo'];

/** Two calls at once, then one; every planner answers with the results. */
export const PLAN = [
  'call calculator {"expression":"6*7"} & call calculator {"expression":"2^10"}',
  'call calculator {"expression":"5+5"}',
].join('\n');
export const OUTCOME = '42\n1024\n10';

/** A thousandth of a dollar for a token of the answer, a millionth for one of the prompt; a quarter for the time of day. */
const price = '{ input_per_mtok: 1, output_per_mtok: 1000 }';
const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };
const OPTIONS: ParleyOptions = {
  env: ADMIN,
  yaml: `models:
  - { id: openai/endless, max_output_tokens: 4096, price: ${price} }
  - { id: anthropic/endless, max_output_tokens: 4096, price: ${price} }
tools: { prices: { current_time: "0.25" } }
tiers: { tight: { tokens_per_minute: 2000 } }
retry: { attempts: 1 }
budgets: { default_max_tokens: 100 }`,
};

export const startToolsWorld = (): Promise<World> => startWorld(OPTIONS);

/** Somebody new, with few tokens a minute. */
export async function tightUser({ parley }: World): Promise<TestUser> {
  const login = { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD };
  const { body } = await parley.anonymous().post('/v1/auth/login', login);
  const admin = parley.anonymous().with({ authorization: `Bearer ${body.access_token}` });
  const user = await parley.user();
  const { status } = await admin.patch(`/v1/admin/users/${user.id}`, { tier: 'tight' });
  if (status !== 200) throw new Error(`no tier was given: ${status}`);
  return user;
}

export const CALCULATOR = { server_tools: ['calculator'] };
export const said = (content: string) => [{ role: 'user' as const, content }];

/** Asks once, with the id that its usage is found by. */
export async function ask(user: TestUser, body: object) {
  const requestId = randomUUID();
  const answer = await user.post('/v1/chat', body, { headers: { 'x-request-id': requestId } });
  return { ...answer, requestId };
}

/** What the provider behind a model was sent, in order. Model names must be of one test only. */
export const receivedBy = ({ openai, anthropic }: World, model: string): any[] =>
  (model.startsWith('openai/') ? openai : anthropic).requests
    .map(({ body }) => body)
    .filter((body) => body['model'] === model.slice(model.indexOf('/') + 1));

/** The results a provider was sent back, as text, in the places its wire has for them and nowhere else. */
export function resultsIn(body: any): string[] {
  return body.messages.flatMap(({ role, content }: any) => {
    if (role === 'tool') return [content];
    if (role !== 'user' || typeof content === 'string') return [];
    return content.flatMap((block: any) => (block.type === 'tool_result' ? [block.content] : []));
  });
}

/** All that a provider was told in another's name than a tool's. */
export function wordsIn(body: any): string {
  const texts = body.messages.flatMap(({ role, content }: any) => {
    if (role === 'tool') return [];
    return typeof content === 'string' ? [content] : (content ?? []).map(({ text }: any) => text ?? '');
  });
  return [JSON.stringify(body.system ?? ''), ...texts].join('\n');
}

export const typesOf = (events: SseEvent[]): (string | undefined)[] => events.map(({ event }) => event);
export const lastOf = (events: SseEvent[]): any => events.at(-1)!.data;

/** Of a cost as text: usage rows have twelve decimals, answers six. */
export function picoUsd(cost: string | null): bigint {
  const [whole = '0', fraction = ''] = (cost ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(12, '0').slice(0, 12));
}

/** What a request was billed: tokens and tools, in all its rows. */
export async function billedFor({ parley }: World, requestId: string) {
  const rows = await usageRows(parley, requestId);
  return {
    usd: rows.reduce((sum, { cost_usd }) => sum + picoUsd(cost_usd), 0n),
    input: rows.reduce((sum, { input_tokens }) => sum + input_tokens, 0),
    output: rows.reduce((sum, { output_tokens }) => sum + output_tokens, 0),
    kinds: rows.map(({ kind }) => kind),
    outcomes: rows.map(({ outcome }) => outcome),
  };
}
