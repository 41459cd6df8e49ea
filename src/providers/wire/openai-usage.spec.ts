import { type ModelEvent } from '../providers.types';
import { ChatReader } from './openai-stream';

type Delta = Record<string, unknown>;
const chunk = (delta: Delta, finish: string | null = null, rest: Delta = {}) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
});

function events(chunks: unknown[]): ModelEvent[] {
  const reader = new ChatReader('p');
  return [...chunks.flatMap((data) => reader.read(JSON.stringify(data))), ...reader.end(false)];
}

describe('usage', () => {
  const wire = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
  const none = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const usage = { inputTokens: 9, outputTokens: 4, ...none };
  const hi = chunk({ content: 'Hi' });

  it.each([
    ['a chunk of its own', [hi, chunk({}, 'stop'), { choices: [], usage: wire }]],
    ['the last chunk', [hi, chunk({}, 'stop', { usage: wire })]],
    ["Groq's envelope", [hi, chunk({}, 'stop', { x_groq: { usage: wire } })]],
    ['the choice', [hi, { choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage: wire }] }]],
    [
      'every chunk, growing',
      [
        chunk({ content: 'Hi' }, null, { usage: { prompt_tokens: 9, completion_tokens: 1 } }),
        chunk({}, 'stop', { usage: wire }),
      ],
    ],
  ])('is read from %s', (_, chunks) => {
    expect(events(chunks).at(-1)).toEqual({ type: 'finish', reason: 'stop', usage });
  });

  it.each([
    [{ prompt_tokens_details: { cached_tokens: 5 } }, { cachedInputTokens: 5 }],
    [{ prompt_cache_hit_tokens: 5 }, { cachedInputTokens: 5 }],
    [{ prompt_tokens_details: { cache_write_tokens: 3 } }, { cacheWriteTokens: 3 }],
    [{ completion_tokens_details: { reasoning_tokens: 2 } }, { reasoningTokens: 2, outputTokens: 4 }],
    [
      { completion_tokens_details: { reasoning_tokens: 6 }, total_tokens: 19 },
      { reasoningTokens: 6, outputTokens: 10 },
    ],
    [{ completion_tokens_details: null, prompt_tokens_details: null }, none],
  ])('reads %j', (rest, expected) => {
    expect(events([hi, chunk({}, 'stop', { usage: { ...wire, ...rest } })]).at(-1)).toMatchObject({
      usage: { ...usage, ...expected },
    });
  });

  it('is null when it holds no numbers', () => {
    expect(events([hi, chunk({}, 'stop', { usage: {} })]).at(-1)).toMatchObject({ usage: null });
  });
});
