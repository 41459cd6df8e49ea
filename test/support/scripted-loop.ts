import { type FlatCallsService } from '../../src/calls/flat-calls.service';
import { Answer } from '../../src/chat/answer';
import { type ChatEvent, type ChatRequest, type NextTurn, type Turn } from '../../src/chat/chat.types';
import { toolsStage } from '../../src/chat/stages/tools.stage';
import { type Journal } from '../../src/chat/tool-loop.types';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type Config } from '../../src/platform/config/config.service';
import { type Message, type Part } from '../../src/providers/providers.types';
import { ToolsService } from '../../src/tools/tools.service';
import { type Tool } from '../../src/tools/tools.types';
import { type CallRecord } from '../../src/usage/usage.types';

/** What every model call of these tests uses. */
export const USAGE = { inputTokens: 3, outputTokens: 2, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
export const COST = 5n;

export type Said = ChatEvent[] | ((turn: Turn) => AsyncIterable<ChatEvent>);
export interface Call {
  name: string;
  args?: string;
  id?: string;
}

const end = (reason: 'stop' | 'tool_calls'): ChatEvent => ({
  type: 'finish',
  reason,
  usage: USAGE,
  cost: COST,
  estimated: false,
});
export const says = (delta: string): ChatEvent[] => [{ type: 'text', delta }, end('stop')];
/** Calls of one answer; ids are numbered from nothing unless they are given, as some providers do. */
export const calls = (...all: Call[]): ChatEvent[] => [
  ...all.map(({ name, args = '{}', id }, index): ChatEvent => ({
    type: 'tool_call',
    index,
    id: id ?? `call_${index}`,
    name,
    argumentsDelta: args,
  })),
  end('tool_calls'),
];

/** A model that says one thing after the other, the last for ever; `asked` is what it was sent. */
export function scripted(...answers: Said[]): { next: NextTurn; asked: ChatRequest[] } {
  const asked: ChatRequest[] = [];
  async function* next(turn: Turn): AsyncGenerator<ChatEvent> {
    asked.push(structuredClone(turn.request));
    const answer = answers[Math.min(asked.length, answers.length) - 1] ?? [];
    yield { type: 'start', provider: 'demo', model: 'scripted', attempts: 1 };
    turn.settle({
      ...USAGE,
      cachedTokens: 0,
      cost: COST,
      estimated: false,
      superseded: false,
    } as unknown as CallRecord);
    yield* typeof answer === 'function' ? answer(turn) : answer;
  }
  return { next, asked };
}

/** A tool that takes anything and says "done", where nothing else is said. */
export const tool = (name: string, rest: Partial<Tool> = {}): Tool => ({
  name,
  description: name,
  origin: 'builtin',
  revision: '',
  parameters: { type: 'object' },
  output: null,
  price: 0n,
  timeoutMs: 30_000,
  sideEffects: 'reads',
  idempotent: true,
  permission: null,
  execute: () => Promise.resolve('done'),
  ...rest,
});

const PRINCIPAL: Principal = {
  userId: 'user',
  workspaceId: 'workspace',
  role: 'member',
  instanceAdmin: false,
  apiKeyId: null,
  scopes: null,
  rules: {} as Principal['rules'],
  tier: null,
};

export interface LoopOptions {
  request?: Partial<ChatRequest>;
  signal?: AbortSignal;
  journal?: Journal;
  principal?: Partial<Principal>;
}

/** The loop with the tools there are, as every surface has it. */
export function loop(next: NextTurn, tools: Tool[], options: LoopOptions = {}) {
  const settings = { max_steps: 10, max_duration: 60_000, max_output: 1_000, prices: {}, disabled: [] };
  const config = { yaml: { tools: settings } } as unknown as Config;
  // None of these tools has a price.
  const service = new ToolsService(config, {} as FlatCallsService, [{ tools: () => Promise.resolve(tools) }]);
  const answer = new Answer();
  const turn: Turn = {
    principal: { ...PRINCIPAL, ...options.principal },
    requestId: 'request',
    messageId: null,
    request: {
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Go' }] }],
      stream: true,
      serverTools: tools.map(({ name }) => name),
      ...options.request,
    },
    signal: options.signal ?? new AbortController().signal,
    answer,
    record: (event) => answer.add(event),
    settle: (record) => answer.settle(record),
    journal: options.journal ?? null,
  };
  return { events: toolsStage(service)(turn, next), answer };
}

/** All that is told, and how it ended. */
export async function told(run: { events: AsyncIterable<ChatEvent>; answer: Answer }) {
  const events: ChatEvent[] = [];
  for await (const event of run.events) events.push(event);
  const finish = events.at(-1);
  if (finish?.type !== 'finish') throw new Error('the loop told no end');
  const results = events.filter((event) => event.type === 'server_result').map(({ result }) => result);
  return { events, finish, results, answer: run.answer };
}

type Result = Extract<Part, { type: 'tool_result' }>;
/** What the model was told of the tools, in order. */
export const resultsOf = (messages: readonly Message[]): Result[] =>
  messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool_result'));
