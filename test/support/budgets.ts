import { type Answer, type TestUser } from './user';
import { until } from './until';
import { startWorld, type World } from './world';

/** A dollar for a token, so that an answer of N words costs N dollars; the prompt is free. */
const PRICED = ['words-3', 'hang', 'hang-after-3', 'slow-50-6', 'inspect', 'status-500', 'late-300-3']
  .map((name) => `  - { id: openai/${name}, price: { input_per_mtok: 0, output_per_mtok: 999999 } }`)
  .join('\n');
const DEARER = `  - { id: anthropic/words-3, max_output_tokens: 64000, price: { input_per_mtok: 0, output_per_mtok: 2 } }`;

/** Prices, and short answers under a budget. */
export const startPricedWorld = (): Promise<World> =>
  startWorld({ yaml: `models:\n${PRICED}\n${DEARER}\nretry: { attempts: 1 }\nbudgets: { default_max_tokens: 100 }` });

/** Sets a budget, of the user's workspace and in total unless told otherwise. */
export const limit = async (user: TestUser, fields: object): Promise<any> => {
  const subject = { type: 'workspace', id: user.workspaceId };
  const { status, body } = await user.put('/v1/budgets', { subject, period: 'total', ...fields });
  expect(status).toBe(200);
  return body;
};
export const budgets = async (user: TestUser): Promise<any[]> => (await user.get('/v1/budgets?order=asc')).body.data;
/** A call whose answer costs three dollars in a priced world. */
export const ask = (user: TestUser, fields: object = {}): Promise<Answer> =>
  user.post('/v1/chat', { message: 'Hi', model: 'openai/words-3', max_tokens: 10, ...fields });
/** Once nothing is under way. */
export const settled = (user: TestUser) =>
  until(
    () => budgets(user),
    (all) => all.every(({ reserved_usd, reserved_tokens }) => reserved_tokens === 0 && /^[0.]+$/.test(reserved_usd)),
  );
