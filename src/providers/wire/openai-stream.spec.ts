import fc from 'fast-check';
import { Collector } from '../collector.codec';
import { type ModelEvent } from '../providers.types';
import { ChatReader } from './openai-stream';
import { SseParser } from './sse-parser';

type Delta = Record<string, unknown>;
const chunk = (delta: Delta, finish: string | null = null, rest: Delta = {}) => ({
  id: 'c1',
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
});
const DONE = '[DONE]';

function events(chunks: unknown[]): ModelEvent[] {
  const reader = new ChatReader('p');
  const done = chunks.at(-1) === DONE;
  const read = (done ? chunks.slice(0, -1) : chunks).flatMap((data) =>
    reader.read(typeof data === 'string' ? data : JSON.stringify(data)),
  );
  return [...read, ...reader.end(done)];
}

function collected(chunks: unknown[]): Collector {
  const collector = new Collector();
  for (const event of events(chunks)) collector.add(event);
  return collector;
}

const whole = (message: Delta, finish: string | null = 'stop', rest: Delta = {}) =>
  new ChatReader('p').readWhole(
    JSON.stringify({ id: 'c1', model: 'm-1', choices: [{ index: 0, message, finish_reason: finish }], ...rest }),
  );

const call = (fn: Delta, rest: Delta = {}) => chunk({ tool_calls: [{ function: fn, ...rest }] });
const failing = (failure: string) => expect.objectContaining({ failure }) as Error;

describe('reading a stream', () => {
  it('starts, speaks and finishes', () => {
    expect(
      events([chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hi' }), chunk({}, 'stop'), DONE]),
    ).toEqual([
      { type: 'start', providerRequestId: 'c1', model: 'm-1' },
      { type: 'text', delta: 'Hi' },
      { type: 'finish', reason: 'stop', usage: null },
    ]);
  });

  it('takes no start from a chunk that says nothing, as Azure sends first', () => {
    const azure = { id: '', model: '', choices: [], prompt_filter_results: [] };
    expect(events([azure, chunk({ content: 'Hi' }, 'stop')])[0]).toMatchObject({ type: 'start', model: 'm-1' });
  });

  it('reads content as a list of parts, with thinking', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'Hi' },
    ];
    expect(collected([chunk({ content }, 'stop')]).parts()).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Hi' },
    ]);
  });

  it.each([
    [{ reasoning_content: 'hm' }],
    [{ reasoning: 'hm' }],
    [{ reasoning: 'hm', reasoning_content: 'hm' }],
    [{ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    [{ reasoning_details: [{ type: 'reasoning.summary', summary: 'hm' }] }],
  ])('reads reasoning from %j, once', (delta) => {
    expect(collected([chunk(delta), chunk({ content: 'Hi' }, 'stop')]).reasoning()).toBe('hm');
  });

  it('reads a refusal', () => {
    expect(collected([chunk({ refusal: 'N' }), chunk({ refusal: 'o' }, 'stop')]).parts()).toEqual([
      { type: 'refusal', text: 'No' },
    ]);
  });

  it('carries logprobs on the text they belong to', () => {
    const logprobs = { content: [{ token: 'Hi', logprob: -0.1 }] };
    const list = [{ index: 0, delta: { content: 'Hi' }, logprobs, finish_reason: 'stop' }];
    expect(events([{ choices: list }])).toContainEqual({ type: 'text', delta: 'Hi', logprobs });
  });

  it('keeps several answers apart', () => {
    const both = (one: Delta, two: Delta) => ({ choices: [one, two] });
    const read = collected([
      both({ index: 0, delta: { content: 'A' } }, { index: 1, delta: { content: 'B' } }),
      both({ index: 1, delta: {}, finish_reason: 'length' }, { index: 0, delta: {}, finish_reason: 'stop' }),
    ]);
    expect([read.text(0), read.text(1), read.finishReasons]).toEqual(['A', 'B', ['stop', 'length']]);
  });
});

describe('the end', () => {
  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content_filter', 'content_filter'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['tool_calls', 'stop'], // none were made
  ])('maps %s to %s', (wire, reason) => {
    expect(events([chunk({ content: 'Hi' }, wire)]).at(-1)).toMatchObject({ reason });
  });

  it.each(['stop', 'tool_calls', 'function_call', 'eos'])(
    'is tool_calls when tools were called and the server says %s',
    (wire) => {
      expect(events([call({ name: 'now' }, { id: 'x' }), chunk({}, wire)]).at(-1)).toMatchObject({
        reason: 'tool_calls',
      });
    },
  );

  it('is tool_calls when tools were called and no reason was given before [DONE]', () => {
    expect(events([call({ name: 'now' }, { id: 'x' }), DONE]).at(-1)).toMatchObject({ reason: 'tool_calls' });
  });

  it('tolerates a repeated reason', () => {
    const read = events([chunk({ content: 'Hi' }, 'stop'), chunk({}, 'stop'), DONE]);
    expect(read.filter(({ type }) => type === 'finish')).toHaveLength(1);
  });

  it.each([
    ['without reason and [DONE]', [chunk({ content: 'Hi' })]],
    ['of an empty stream', []],
    ['of a stream with nothing but [DONE]', [DONE]],
    [
      'before one of two answers finished',
      [
        {
          choices: [
            { index: 0, delta: {}, finish_reason: 'stop' },
            { index: 1, delta: {} },
          ],
        },
      ],
    ],
    ['that the server calls abort', [chunk({ content: 'Hi' }, 'abort'), DONE]],
  ])('is a truncation %s', (_, chunks) => {
    expect(() => events(chunks)).toThrow(failing('truncated'));
  });

  it.each([
    ['malformed JSON', '{"choices":[', 'server'],
    ['no object', '7', 'server'],
    ['an error', { error: { message: 'boom', type: 'server_error' } }, 'server'],
    ['an error as text', { error: 'boom' }, 'server'],
    ['an error with a status', { error: { code: 429, message: 'slow down' } }, 'rate_limit'],
    ['an overload', { error: { type: 'overloaded_error' } }, 'overloaded'],
    ['an error in a choice', { choices: [{ index: 0, error: { code: 502 }, finish_reason: 'error' }] }, 'server'],
    ['a reason that is an error', chunk({}, 'error'), 'server'],
    ['a lack of resources', chunk({}, 'insufficient_system_resource'), 'overloaded'],
    ['an error of older vLLM', { object: 'error', message: 'the context window is 8', code: 400 }, 'context_length'],
  ])('is a failure when a chunk is %s', (_, bad, failure) => {
    expect(() => events([chunk({ content: 'Hi' }), bad])).toThrow(failing(failure));
  });
});

describe('reading a whole body', () => {
  it('gives the events of the stream', () => {
    const message = {
      content: 'Hi',
      reasoning_content: 'hm',
      tool_calls: [{ id: 'x', type: 'function', function: { name: 'look', arguments: '{}' } }],
    };
    expect(whole(message, 'tool_calls', { usage: { prompt_tokens: 1, completion_tokens: 2 } })).toMatchObject([
      { type: 'start', providerRequestId: 'c1', model: 'm-1' },
      { type: 'reasoning', delta: 'hm' },
      { type: 'text', delta: 'Hi' },
      { type: 'tool_call', index: 0, id: 'x', name: 'look', argumentsDelta: '{}' },
      { type: 'finish', reason: 'tool_calls', usage: { inputTokens: 1, outputTokens: 2 } },
    ]);
  });

  it('takes an answer without reason as finished, and a body without answers as a failure', () => {
    expect(whole({ content: 'Hi' }, null).at(-1)).toMatchObject({ reason: 'stop' });
    expect(() => new ChatReader('p').readWhole('{"choices":[]}')).toThrow(failing('server'));
    expect(() => new ChatReader('p').readWhole('{"error":{"code":402}}')).toThrow(failing('auth'));
  });
});

describe('a stream cut anywhere', () => {
  const chunks = [
    chunk({ role: 'assistant', content: '', reasoning_content: 'grübel 🤔' }),
    chunk({ content: 'Größe: 5 €' }),
    chunk({ content: '\n\ndata: [DONE]\n\n🎉' }),
    call({ name: 'look', arguments: '{"ort":"' }, { index: 0, id: 'x' }),
    call({ arguments: 'Łódź"}' }, { index: 0 }),
    chunk({}, 'tool_calls'),
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } },
  ];
  const framed = (end: string) =>
    Buffer.from([...chunks.map((data) => JSON.stringify(data)), DONE].map((data) => `data: ${data}${end}`).join(''));

  const pieces = (bytes: Buffer, cuts: number[]): Uint8Array[] => {
    const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b)];
    return at.map((start, i) => bytes.subarray(start, at[i + 1]));
  };

  it.each(['\n\n', '\r\n\r\n', '\n: keep-alive\n\n'])('gives the same events (%j)', (end) => {
    const expected = events([...chunks, DONE]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const reader = new ChatReader('p');
        const read: ModelEvent[] = [];
        const parser = new SseParser();
        for (const data of [...pieces(framed(end), cuts).flatMap((bytes) => parser.push(bytes)), ...parser.end()]) {
          if (data === DONE) read.push(...reader.end(true));
          else read.push(...reader.read(data));
        }
        expect(read).toEqual(expected);
      }),
    );
  });
});
