import { randomUUID } from 'node:crypto';
import { type TestDatabase } from './database';
import { until } from './until';
import { type TestUser } from './user';

export const RUNS = '/v1/agents/runs';

/** Carried on by the process that is asked; nobody waits for its end. Resolves with its id once it is stored. */
export async function begin(user: TestUser, body: object, headers: Record<string, string> = {}): Promise<string> {
  const requestId = randomUUID();
  user
    .send('POST', RUNS, body, { 'x-request-id': requestId, ...headers })
    .then((answer) => answer.text())
    .catch(() => undefined); // its process may end before it does
  return idOfRun(user.parley.database, requestId);
}

export async function idOfRun(database: TestDatabase, requestId: string): Promise<string> {
  const find = () => database.query<{ id: string }>('SELECT id FROM agent_runs WHERE request_id = $1', [requestId]);
  const [run] = await until(find, ({ length }) => length > 0);
  return run!.id;
}

export const getRun = async (user: TestUser, id: string): Promise<any> => (await user.get(`${RUNS}/${id}`)).body;

const OVER = ['waiting_for_approval', 'completed', 'stopped', 'failed', 'cancelled'];

/** A run once nobody carries it on: it has ended, or waits. */
export const settledRun = (user: TestUser, id: string, withinMs = 20_000): Promise<any> =>
  until(
    () => getRun(user, id),
    ({ status }) => OVER.includes(status),
    withinMs,
  );

/** The steps of a run as words: what the model said, what came out of a tool (`?` when nothing is known). */
export const stepsOf = ({ steps }: any): string[] =>
  steps.map((step: any) => (step.type === 'model_call' ? `say ${step.content}` : `${step.name} ${outcomeOf(step)}`));
const outcomeOf = ({ status, result }: any) => result?.content ?? `${status}?`;

/** Lines of a plan: a call of any tool, and one of a tool that writes. */
export const call = (tool: string, args: object): string => `call ${tool} ${JSON.stringify(args)}`;
export const noted = (note: string, tool = 'keyed'): string => call(tool, { note });
/** What the model is told of it. */
export const did = (note: string): string => `{"status":200,"body":"did ${note}"}`;

/** Asks for a run, with the id that its usage is found by. */
export async function createRun(user: TestUser, body: object) {
  const requestId = randomUUID();
  const answer = await user.post(RUNS, body, { headers: { 'x-request-id': requestId } });
  return { ...answer, requestId };
}

/** A run of which every call that writes waits for a decision. */
export async function waitingRun(user: TestUser, input: string): Promise<any> {
  const { body } = await createRun(user, { input, model: 'demo/echo', tools: ['keyed'], approve: ['keyed'] });
  if (body.status !== 'waiting_for_approval') throw new Error(`it does not wait: ${JSON.stringify(body)}`);
  return body;
}

export const decide = (user: TestUser, id: string, body: object) => user.post(`${RUNS}/${id}/approve`, body);
export const cancel = (user: TestUser, id: string) => user.post(`${RUNS}/${id}/cancel`);
