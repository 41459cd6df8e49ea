import fc from 'fast-check';
import { type ModelEvent } from '../../providers.types';
import { SseParser } from '../../wire/sse-parser';
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

  function hear(chunks: Uint8Array[]): ModelEvent[] {
    const answer = reader();
    const parser = new SseParser();
    const data = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
    const told = data.flatMap((one) => answer.read(one));
    answer.assertComplete();
    return told;
  }
  const split = (places: number[]) => {
    const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
    return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
  };

  it('tell the same events', () => {
    const whole = hear([bytes]);
    expect(whole).toHaveLength(8);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (places) => {
        expect(hear(split(places))).toEqual(whole);
      }),
    );
  });

  it('never end well before the terminal event', () => {
    const terminal = bytes.lastIndexOf('{"type":"message_stop"}') + '{"type":"message_stop"}'.length;
    fc.assert(
      fc.property(fc.nat(terminal - 1), (length) => {
        expect(() => hear([bytes.subarray(0, length)])).toThrow(
          expect.objectContaining({ failure: expect.stringMatching(/truncated|server/) as string }),
        );
      }),
    );
  });
});
