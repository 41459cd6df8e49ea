import { type Answer, type Asked, type Block, type Finish, type Refusal } from './scripts';
import { type Frame, type HttpFailure, type Json, type Wire, isJson, listOf, textOf, tokens } from './wire';

/** Anthropic Messages. Source: https://platform.claude.com/docs/en/api/messages and …/build-with-claude/streaming */
export const anthropic: Wire = {
  basePath: '',
  path: '/v1/messages',
  // The header of old and, since API version 2026-10-21, a bearer token: the SDK sends the latter.
  keyOf: ({ 'x-api-key': key, authorization }) =>
    typeof key === 'string' ? key : (/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? null),
  asked,
  frames,
  whole,
  refusal,
  errorFrame: event('error', { error: { details: null, type: 'overloaded_error', message: 'Overloaded' } }),
  malformedFrame: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"te\n\n',
  keepAliveFrame: event('ping', {}),
  headers: () => ({
    'request-id': `req_${serial().toString(16)}`,
    'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
  }),
};

let served = 0;
const serial = () => ++served;

function event(type: string, payload: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...payload })}\n\n`;
}

function asked(body: Json): Asked {
  const messages = listOf(body['messages']);
  const spoken = messages.findLastIndex((m) => m['role'] === 'user' && textOf(m['content']) !== '');
  const since = messages.slice(spoken + 1).map((m) => listOf(m['content']));
  const resultsOf = (blocks: Json[]) =>
    blocks.filter((block) => block['type'] === 'tool_result').map((block) => textOf(block['content']));
  return {
    model: String(body['model']),
    stream: body['stream'] === true,
    lastUserText: textOf(messages[spoken]?.['content']),
    toolResults: resultsOf(listOf(messages.at(-1)?.['content'])),
    allResults: since.flatMap(resultsOf),
    steps: since.filter((blocks) => blocks.some((block) => block['type'] === 'tool_use')).length,
    maxTokens: typeof body['max_tokens'] === 'number' ? body['max_tokens'] : null,
    body,
  };
}

const STOP: Record<Finish, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};
const SIGNATURE = 'ZmFrZSBzaWduYXR1cmU=';
const EXPLANATION = "This request triggered restrictions and was blocked under Anthropic's Usage Policy.";

function* frames(script: Answer, { model, body }: Asked): Iterable<Frame> {
  const answer = asToolIfForced(script, body);
  const usage = usageOf(answer, body);
  const start = { ...envelope(model), content: [], ...ending(null), usage: { ...usage, output_tokens: 1 } };
  yield { kind: 'open', bytes: event('message_start', { message: start }) };
  for (const [index, block] of answer.blocks.entries()) {
    if (block.deltas.length === 0) continue;
    const content_block = emptyBlock(block, index);
    yield { kind: 'open', bytes: event('content_block_start', { index, content_block }) };
    if (index === 0) yield { kind: 'open', bytes: event('ping', {}) };
    for (const piece of block.deltas) {
      yield { kind: 'delta', bytes: event('content_block_delta', { index, delta: deltaOf(block, piece) }) };
    }
    if (block.type === 'reasoning') {
      const delta = { type: 'signature_delta', signature: SIGNATURE };
      yield { kind: 'close', bytes: event('content_block_delta', { index, delta }) };
    }
    yield { kind: 'close', bytes: event('content_block_stop', { index }) };
  }
  yield { kind: 'close', bytes: event('message_delta', { delta: ending(answer.finish), usage }) };
  yield { kind: 'terminal', bytes: event('message_stop', {}) };
}

function emptyBlock(block: Block, index: number): unknown {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'reasoning') return { type: 'thinking', thinking: '', signature: '' };
  return { type: 'tool_use', id: toolId(index), name: block.name, input: {} };
}

function deltaOf({ type }: Block, piece: string): unknown {
  if (type === 'text') return { type: 'text_delta', text: piece };
  if (type === 'reasoning') return { type: 'thinking_delta', thinking: piece };
  return { type: 'input_json_delta', partial_json: piece };
}

function whole(script: Answer, { model, body }: Asked): unknown {
  const answer = asToolIfForced(script, body);
  const content = answer.blocks
    .filter((block) => block.deltas.length > 0)
    .map((block, index) => {
      const joined = block.deltas.join('');
      if (block.type === 'text') return { type: 'text', text: joined };
      if (block.type === 'reasoning') return { type: 'thinking', thinking: joined, signature: SIGNATURE };
      return { type: 'tool_use', id: toolId(index), name: block.name, input: inputOf(joined) };
    });
  return { ...envelope(model), content, ...ending(answer.finish), usage: usageOf(answer, body) };
}

/** Of a call that was cut short, nothing. */
function inputOf(joined: string): unknown {
  try {
    return JSON.parse(joined);
  } catch {
    return {};
  }
}

/** A model that must use a tool named `json` gives its JSON as that tool's input. */
function asToolIfForced(answer: Answer, body: unknown): Answer {
  const [block] = answer.blocks;
  if (!isJson(body) || block?.type !== 'text' || block.deltas[0]?.startsWith('{"answer"') !== true) return answer;
  const choice = isJson(body['tool_choice']) ? body['tool_choice']['type'] : 'auto';
  const offered = listOf(body['tools']).some((tool) => tool['name'] === 'json');
  if (!offered || (choice !== 'any' && choice !== 'tool')) return answer;
  return { ...answer, finish: 'tool_calls', blocks: [{ type: 'tool_call', name: 'json', deltas: block.deltas }] };
}

const envelope = (model: string) => ({ id: `msg_fake${String(serial())}`, type: 'message', role: 'assistant', model });
const toolId = (index: number) => `toolu_fake${String(index)}`;
const ending = (finish: Finish | null) => ({
  stop_reason: finish && STOP[finish],
  stop_sequence: null,
  ...(finish === 'content_filter' && {
    stop_details: { type: 'refusal', category: 'cyber', explanation: EXPLANATION },
  }),
});

/** The system prompt counts as a message. */
function usageOf(answer: Answer, body: unknown) {
  const messages = isJson(body) ? listOf(body['messages']).length + (body['system'] ? 1 : 0) : 0;
  const { input, cacheRead, cacheWritten, output, reasoning } = tokens(answer, messages);
  return {
    input_tokens: input - cacheRead - cacheWritten,
    cache_creation_input_tokens: cacheWritten,
    cache_read_input_tokens: cacheRead,
    output_tokens: output,
    ...(reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}

/** Bodies as Anthropic sends them. Source: https://platform.claude.com/docs/en/api/errors */
function refusal(why: Refusal, { model }: Asked): HttpFailure {
  const say = (status: number, type: string, message: string) => ({
    status,
    body: { type: 'error', error: { type, message }, request_id: `req_${serial().toString(16)}` },
  });
  const bad = 'invalid_request_error';
  switch (why) {
    case 'context-length':
      return say(400, bad, 'prompt is too long: 210000 tokens > 200000 maximum');
    case 'content-filter':
      return say(400, bad, 'Output blocked by content filtering policy');
    case 'quota':
      return say(
        400,
        bad,
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      );
    case 400:
      return say(400, bad, 'top_p: Input should be less than or equal to 1');
    case 401:
      return say(401, 'authentication_error', 'invalid x-api-key: sk-ant-api03-fakefakefakefakefake');
    case 402:
      return say(402, 'billing_error', 'There is an issue with your billing information.');
    case 403:
      return say(403, 'permission_error', 'Your API key does not have permission to use the specified resource.');
    case 404:
      return say(404, 'not_found_error', `model: ${model}`);
    case 413:
      return say(413, 'request_too_large', 'Request exceeds the maximum allowed number of bytes.');
    case 429:
      return {
        ...say(429, 'rate_limit_error', 'This request would exceed the rate limit for your organization.'),
        headers: { 'retry-after': '7' },
      };
    case 'overloaded':
    case 529:
      return say(529, 'overloaded_error', 'Overloaded');
    default:
      return why < 500
        ? say(why, bad, `The request was refused with status ${String(why)}.`)
        : say(why, why === 504 ? 'timeout_error' : 'api_error', 'Internal server error [internal trace 4711]');
  }
}
