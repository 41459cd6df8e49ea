import { type TestUser } from './user';

/** An agent of which everything was said but its documents, as it is answered. */
export const FIELDS = {
  description: 'Answers what customers ask',
  instructions: 'Answer in one sentence. Ünïcödé 🙂',
  model: 'demo/echo',
  tools: ['calculator', 'current_*'],
  approve: ['current_time'],
  max_steps: 5,
  max_cost_usd: '0.500000',
  max_duration_ms: 60_000,
  temperature: 0,
  reasoning_effort: 'low',
  metadata: { team: 'support', nested: { b: [1, { a: null }], aa: 1 } },
};
/** One of which nothing was said but its name. */
export const UNSAID = {
  description: null,
  instructions: null,
  model: null,
  tools: [],
  collection_ids: [],
  approve: [],
  max_steps: null,
  max_cost_usd: null,
  max_duration_ms: null,
  temperature: null,
  reasoning_effort: null,
  metadata: {},
};

export async function savedAgent(user: TestUser, fields: object = {}): Promise<any> {
  const { status, body } = await user.post('/v1/agents', { name: 'support', ...fields });
  if (status !== 201) throw new Error(`agent: ${status} ${JSON.stringify(body)}`);
  return body;
}
