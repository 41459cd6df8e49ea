import fc from 'fast-check';
import { type ModelEvent } from '../../providers.types';
import { readSse } from '../../wire/sse-reader';
import { AnswerReader } from './anthropic.stream';

const reader = () => new AnswerReader({ provider: 'anthropic', apiKey: null, jsonTool: null, requestId: null });
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const texts = ['Grüße ', '👋🏽', ' aus Köln'].map((text) => ({ type: 'text_delta', text }));
const pieces = ['{"ort":', '"Köln"}'].map((partial_json) => ({ type: 'input_json_delta', partial_json }));

describe('bytes cut anywhere', () => {
  const events = [
    { type: 'message_start', message: { id: 'msg_1', model: 'claude-x' } },
    ...block(0, { type: 'text', text: '' }, ...texts),
    ...block(1, { type: 'tool_use', id: 't', name: 'f', input: {} }, ...pieces),
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ];
  const bytes = Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));

  async function hear(chunks: Uint8Array[]): Promise<ModelEvent[]> {
    const answer = reader();
    const told: ModelEvent[] = [];
    const stream = (async function* () {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
    })();
    for await (const data of readSse(stream)) told.push(...answer.read(data));
    answer.assertComplete();
    return told;
  }
  const split = (places: number[]) => {
    const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
    return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
  };

  it('tell the same events', async () => {
    const whole = await hear([bytes]);
    expect(whole).toHaveLength(8);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (places) => {
        expect(await hear(split(places))).toEqual(whole);
      }),
    );
  });

  it('never end well before the terminal event', async () => {
    const terminal = bytes.lastIndexOf('{"type":"message_stop"}') + '{"type":"message_stop"}'.length;
    await fc.assert(
      fc.asyncProperty(fc.nat(terminal - 1), async (length) => {
        await expect(hear([bytes.subarray(0, length)])).rejects.toMatchObject({
          failure: expect.stringMatching(/truncated|server/),
        });
      }),
    );
  });
});
