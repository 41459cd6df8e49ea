import { type Answer, type Asked, type Block, type Refusal } from './scripts';
import { type Frame, type HttpFailure, type Json, type Wire, isJson, listOf, textOf, tokens } from './wire';

/** OpenAI Chat Completions. Source: https://platform.openai.com/docs/api-reference/chat */
export const openai: Wire = {
  basePath: '/v1',
  path: '/v1/chat/completions',
  keyOf: ({ authorization }) => /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? null,
  asked,
  frames,
  whole,
  refusal,
  errorFrame: data({
    error: {
      message: 'Our servers are currently overloaded. Please try again later.',
      type: 'service_unavailable_error',
      param: null,
      code: 'server_is_overloaded',
    },
  }),
  malformedFrame: 'data: {"id":"chatcmpl-fake","object":"chat.completion.chunk","choices":[{"index":0,"del\n\n',
  keepAliveFrame: ': keep-alive\n\n',
  headers: () => ({
    'x-request-id': `req_${serial().toString(16)}`,
    'openai-version': '2020-10-01',
    'openai-processing-ms': '1',
  }),
};

let served = 0;
const serial = () => ++served;

function data(payload: unknown): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}

function asked(body: Json): Asked {
  const messages = listOf(body['messages']);
  const lastOther = messages.findLastIndex((m) => m['role'] !== 'tool');
  const since = messages.slice(messages.findLastIndex((m) => m['role'] === 'user') + 1);
  const most = body['max_completion_tokens'] ?? body['max_tokens'];
  return {
    model: String(body['model']),
    stream: body['stream'] === true,
    lastUserText: textOf(messages.findLast((m) => m['role'] === 'user')?.['content']),
    toolResults: messages.slice(lastOther + 1).map((m) => textOf(m['content'])),
    allResults: since.filter((m) => m['role'] === 'tool').map((m) => textOf(m['content'])),
    steps: since.filter((m) => listOf(m['tool_calls']).length > 0).length,
    maxTokens: typeof most === 'number' ? most : null,
    body,
  };
}

function* frames(answer: Answer, { model, body }: Asked): Iterable<Frame> {
  const options = isJson(body) ? body['stream_options'] : undefined;
  const includeUsage = isJson(options) && options['include_usage'] === true && answer.usage !== 'none';
  const head = { ...envelope(model), object: 'chat.completion.chunk', system_fingerprint: 'fp_fake' };
  const chunk = (index: number, delta: unknown, finish_reason: string | null = null) =>
    data({
      ...head,
      choices: [{ index, delta, logprobs: null, finish_reason }],
      ...(includeUsage && { usage: null }),
      obfuscation: 'x',
    });
  for (let index = 0; index < choicesOf(body); index++) {
    yield { kind: 'open', bytes: chunk(index, { role: 'assistant', content: '', refusal: null }) };
    let calls = -1;
    for (const block of answer.blocks) {
      if (block.type === 'tool_call') {
        const call = {
          index: ++calls,
          id: callId(calls),
          type: 'function',
          function: { name: block.name, arguments: '' },
        };
        yield { kind: 'open', bytes: chunk(index, { tool_calls: [call] }) };
      }
      for (const piece of block.deltas) yield { kind: 'delta', bytes: chunk(index, deltaOf(block, piece, calls)) };
    }
    yield { kind: 'close', bytes: chunk(index, {}, answer.finish) };
  }
  if (includeUsage) yield { kind: 'close', bytes: data({ ...head, choices: [], usage: usageOf(answer, body) }) };
  yield { kind: 'terminal', bytes: 'data: [DONE]\n\n' };
}

function deltaOf({ type }: Block, piece: string, call: number): unknown {
  if (type === 'text') return { content: piece };
  if (type === 'reasoning') return { reasoning_content: piece };
  return { tool_calls: [{ index: call, function: { arguments: piece } }] };
}

function whole(answer: Answer, { model, body }: Asked): unknown {
  const joined = (type: Block['type']) => answer.blocks.flatMap((b) => (b.type === type ? b.deltas : [])).join('');
  const calls = answer.blocks.filter((block) => block.type === 'tool_call');
  const message = {
    role: 'assistant',
    content: joined('text') || (calls.length > 0 ? null : ''),
    refusal: null,
    annotations: [],
    ...(joined('reasoning') && { reasoning_content: joined('reasoning') }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ name, deltas }, i) => ({
        id: callId(i),
        type: 'function',
        function: { name, arguments: deltas.join('') },
      })),
    }),
  };
  const choice = (_: unknown, index: number) => ({ index, message, logprobs: null, finish_reason: answer.finish });
  return {
    ...envelope(model),
    object: 'chat.completion',
    choices: Array.from({ length: choicesOf(body) }, choice),
    ...(answer.usage !== 'none' && { usage: usageOf(answer, body) }),
    system_fingerprint: 'fp_fake',
  };
}

const envelope = (model: string) => ({
  id: `chatcmpl-fake${String(serial())}`,
  created: Math.floor(Date.now() / 1000),
  model,
  service_tier: 'default',
});
const callId = (index: number) => `call_fake${String(index)}`;
const choicesOf = (body: unknown): number => (isJson(body) && typeof body['n'] === 'number' ? body['n'] : 1);

function usageOf(answer: Answer, body: unknown) {
  const { input, cacheRead, output, reasoning } = tokens(answer, isJson(body) ? listOf(body['messages']).length : 0);
  const completion = output * choicesOf(body);
  return {
    prompt_tokens: input,
    completion_tokens: completion,
    total_tokens: input + completion,
    prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning * choicesOf(body), audio_tokens: 0 },
  };
}

/** Bodies as OpenAI sends them. Source: https://platform.openai.com/docs/guides/error-codes */
function refusal(why: Refusal, { model }: Asked): HttpFailure {
  const say = (status: number, type: string, code: string | null, message: string, param: string | null = null) => ({
    status,
    body: { error: { message, type, param, code } },
  });
  const bad = 'invalid_request_error';
  switch (why) {
    case 'context-length':
      return say(
        400,
        bad,
        'context_length_exceeded',
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.",
        'messages',
      );
    case 'content-filter':
      return say(400, bad, 'content_policy_violation', 'Your request was rejected as a result of our safety system.');
    case 'quota':
      return say(
        429,
        'insufficient_quota',
        'insufficient_quota',
        'You exceeded your current quota, please check your plan and billing details.',
      );
    case 400:
      return say(400, bad, 'invalid_value', "Invalid value for 'top_p': expected a number between 0 and 1.", 'top_p');
    case 401:
      return say(
        401,
        bad,
        'invalid_api_key',
        'Incorrect API key provided: sk-proj-fakefakefakefakefake1234. You can find your API key at https://platform.openai.com/account/api-keys.',
      );
    case 403:
      return say(
        403,
        'request_forbidden',
        'unsupported_country_region_territory',
        'Country, region, or territory not supported',
      );
    case 404:
      return say(404, bad, 'model_not_found', `The model \`${model}\` does not exist or you do not have access to it.`);
    case 413:
      return say(413, bad, null, 'Maximum content size limit (26214400) exceeded (30000000 bytes read)');
    case 429:
      return {
        ...say(
          429,
          'requests',
          'rate_limit_exceeded',
          'Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 7s.',
        ),
        headers: { 'retry-after': '7', 'retry-after-ms': '7000' },
      };
    case 'overloaded':
    case 503:
      return say(
        503,
        'service_unavailable_error',
        'server_is_overloaded',
        'The engine is currently overloaded, please try again later',
      );
    default:
      return why < 500
        ? say(why, bad, null, `The request was refused with status ${String(why)}.`)
        : say(
            why,
            'server_error',
            null,
            'The server had an error while processing your request. Sorry about that! [internal trace 4711]',
          );
  }
}
