import fc from 'fast-check';
import { Answer } from '../chat/answer';
import { type ChatEvent } from '../chat/chat.types';
import { Generation } from '../chat/generation';
import { modelOf, NativeCodec } from '../chat/native.codec';
import { Cancelled, ClientGone, Interrupted } from '../platform/common/http/client-gone';
import { toJsonb } from '../platform/database/jsonb';
import { upstreamTruncated } from '../providers/providers.errors';
import { type StoredMessage } from './message.entity';
import { toOutcome } from './outcome.codec';
import { eventCount, replay, type Said, withTail } from './replay.codec';

const REQUEST = 'request-1';
const usage = { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, cacheWriteTokens: 0, reasoningTokens: 1 };
const start: ChatEvent = { type: 'start', provider: 'openai', model: 'gpt', attempts: 1 };
const finish: ChatEvent = { type: 'finish', reason: 'stop', usage, cost: 123_456_789n, estimated: false };

/** A stored answer, through the database's JSON and back. */
const stored = (fields: Partial<StoredMessage>): StoredMessage => ({
  ...(JSON.parse(toJsonb(fields)) as StoredMessage),
  id: 'm',
  conversationId: 'c',
  parentId: null,
  role: 'assistant',
  createdAt: new Date(0),
});

interface Live {
  frames: string[];
  /** As a checkpoint after each event has it. */
  checkpoints: StoredMessage[];
  message: StoredMessage;
}

/** Writes an answer, as a turn does. */
async function write(events: ChatEvent[], failure: unknown): Promise<Live> {
  const answer = new Answer();
  const frames: string[] = [];
  const checkpoints: StoredMessage[] = [];
  const says: { message?: StoredMessage } = {};
  const said = (lengths: number[]): Said => ({
    parts: answer.content.parts(),
    citations: [...answer.citations],
    eventLengths: [...lengths],
    provider: answer.provider,
    model: modelOf(answer),
  });
  async function* play(): AsyncGenerator<ChatEvent> {
    for (const event of events) {
      answer.add(event);
      yield event;
      checkpoints.push(stored({ ...said(generation.lengths), status: 'running' }));
    }
    if (failure) throw failure as Error;
    answer.add(finish);
    yield await Promise.resolve(finish);
  }
  const generation: Generation<null> = new Generation<null>({
    id: 'm',
    events: play(),
    answer,
    codec: new NativeCodec({ message_id: 'm', conversation_id: 'c' }, answer),
    log: { append: (frame) => frames.push(frame), close: () => undefined },
    controller: new AbortController(),
    end: (written, why) => {
      says.message = stored({ ...toOutcome(answer, why, REQUEST), ...said(written.lengths) });
      return Promise.resolve({ frames: replay(says.message, written.lengths.length, REQUEST), result: null });
    },
  });
  await generation.done;
  return { frames, checkpoints, message: says.message! };
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('🎈', 'n\nn', '"', '\\', '', ' ', '日本', '\u2028'),
);
const citation = (number: number) => ({
  number,
  chunk_id: 'chunk',
  document_id: 'document',
  title: 'Handbook "2"\n',
  page: null,
  start: 4,
  end: 9,
  quote: 'quote',
  url: null,
});
const event: fc.Arbitrary<ChatEvent> = fc.oneof(
  fc.nat(9).map((number) => ({ type: 'citation' as const, citation: citation(number) })),
  { weight: 4, arbitrary: text.map((delta) => ({ type: 'text' as const, delta })) },
  { weight: 2, arbitrary: text.map((delta) => ({ type: 'reasoning' as const, delta })) },
  text.map((delta) => ({ type: 'reasoning' as const, delta, opaque: { format: 'x', data: 1 } })),
  text.map((delta) => ({ type: 'refusal' as const, delta })),
  fc.constant({ type: 'opaque' as const, opaque: { format: 'x', data: 1 } }),
  fc
    .nat(2)
    .map((index) => ({ type: 'tool_call' as const, index, id: `call_${index}`, name: 'f', argumentsDelta: '{' })),
);
const failures = fc.constantFrom(
  null,
  upstreamTruncated('openai'),
  new Cancelled(),
  new ClientGone(),
  new Interrupted(),
  new Error('x'),
);
const NUL = /\0/g; // can't be stored

/** Cuts texts anywhere, also in the middle of a surrogate pair: providers do. */
const cut = (events: ChatEvent[], at: number): ChatEvent[] =>
  events.flatMap((one): ChatEvent[] => {
    if (one.type !== 'text') return [one];
    const delta = one.delta.replace(NUL, '');
    const place = at % (delta.length + 1);
    return [
      { ...one, delta: delta.slice(0, place) },
      { ...one, delta: delta.slice(place) },
    ];
  });
const clean = (events: ChatEvent[]): ChatEvent[] =>
  events.map((one) => ('delta' in one ? { ...one, delta: one.delta.replace(NUL, '') } : one));

describe('replay', () => {
  it('tells the very frames that were told live, from any place on, and while they were told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), fc.nat(), failures, async (events, at, failure) => {
        const { frames, checkpoints, message } = await write([start, ...clean(cut(events, at))], failure);
        expect(eventCount(message)).toBe(frames.length);
        expect(frames.map((frame) => /^id: (\d+)\n/.exec(frame)?.[1])).toEqual(frames.map((_, i) => String(i + 1)));
        for (let after = 0; after < frames.length; after++) {
          expect(replay(message, after, 'another')).toEqual(frames.slice(after));
        }
        for (const checkpoint of checkpoints) {
          const told = replay(checkpoint, 0, 'another');
          expect(told).toEqual(frames.slice(0, told.length));
          expect(told.length).toBeGreaterThanOrEqual((checkpoint.eventLengths?.length ?? 0) - 1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells the rest of a log whose writer died as if it had been stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), fc.nat(), async (events, at) => {
        const { frames, checkpoints } = await write([start, ...clean(cut(events, at))], new Error('killed'));
        const log = frames.slice(0, -1);
        const first: Said = { parts: [], citations: [], eventLengths: [], provider: null, model: null };
        for (const { parts, citations, eventLengths, provider, model } of [first, ...checkpoints]) {
          const checkpoint: Said = { parts, citations, eventLengths: eventLengths ?? [], provider, model };
          const half = checkpoint.parts.some((part) => 'text' in part && part.text.endsWith('\uFFFD'));
          if (half) continue; // of a character: the other half came after the checkpoint
          const message = stored({
            ...withTail(checkpoint, frames.slice(checkpoint.eventLengths.length)),
            status: 'partial',
          });
          expect(replay(message, 0, REQUEST).slice(0, -1)).toEqual(log);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says that nobody had answered yet when message.start was told', () => {
    const early = stored({ status: 'partial', parts: [], eventLengths: [-1], provider: 'openai', model: 'openai/gpt' });
    expect(replay(early, 0, REQUEST)[0]).toContain('"model":null,"provider":null');
  });

  it('tells an answer of which only the parts are known in whole parts', () => {
    const parts: StoredMessage['parts'] = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'Hello' },
    ];
    const old = stored({ status: 'complete', parts, eventLengths: null, usage, costUsd: null, unpriced: true });
    const told = replay({ ...old, error: null, finishReason: 'stop' }, 0, REQUEST);
    expect(told.map((frame) => /event: (.*)\n/.exec(frame)?.[1])).toEqual([
      'message.start',
      'reasoning.delta',
      'message.delta',
      'message.end',
    ]);
    expect(told[2]).toContain('"text":"Hello"');
  });

  it('ends a stream also for one who heard more of it than was stored', () => {
    const killed = stored({
      status: 'partial',
      parts: [{ type: 'text', text: 'one' }],
      eventLengths: [0, 3],
      error: { code: 'interrupted', message: 'stopped' },
    });
    expect(replay(killed, 9, REQUEST)).toEqual([
      expect.stringMatching(/^id: 3\nevent: error\n.*"request_id":"request-1"/),
    ]);
  });
});
