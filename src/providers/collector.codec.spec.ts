import { Collector } from './collector.codec';
import { type ModelEvent } from './providers.types';

function collect(...events: ModelEvent[]): Collector {
  const collector = new Collector();
  for (const event of events) collector.add(event);
  return collector;
}

const seal = (data: string) => ({ format: 'f', data });

describe('Collector', () => {
  it('joins deltas of one kind, and starts a new part after anything else', () => {
    const parts = collect(
      { type: 'text', delta: 'a' },
      { type: 'text', delta: 'b' },
      { type: 'opaque', opaque: seal('search') },
      { type: 'text', delta: 'c' },
      { type: 'refusal', delta: 'n' },
      { type: 'refusal', delta: 'o' },
    ).parts();
    expect(parts).toEqual([
      { type: 'text', text: 'ab' },
      { type: 'opaque', opaque: seal('search') },
      { type: 'text', text: 'c' },
      { type: 'refusal', text: 'no' },
    ]);
  });

  it('closes a reasoning part by its opaque data', () => {
    const read = collect(
      { type: 'reasoning', delta: 'a' },
      { type: 'reasoning', delta: 'b', opaque: seal('1') },
      { type: 'reasoning', delta: 'c' },
      { type: 'reasoning', delta: '', opaque: seal('2') },
      { type: 'reasoning', delta: '', opaque: seal('3') },
      { type: 'reasoning', delta: '' },
    );
    expect(read.parts()).toEqual([
      { type: 'reasoning', text: 'ab', opaque: seal('1') },
      { type: 'reasoning', text: 'c', opaque: seal('2') },
      { type: 'reasoning', text: '', opaque: seal('3') },
    ]);
    expect(read.reasoning()).toBe('abc');
  });

  it('puts interleaved tool calls together by index', () => {
    const read = collect(
      { type: 'tool_call', index: 0, id: 'x', name: 'look', argumentsDelta: '{"a"' },
      { type: 'tool_call', index: 1, id: 'y', name: 'now', argumentsDelta: '' },
      { type: 'tool_call', index: 0, argumentsDelta: ':1}' },
    );
    expect(read.toolCalls()).toEqual([
      { type: 'tool_call', id: 'x', name: 'look', arguments: '{"a":1}' },
      { type: 'tool_call', id: 'y', name: 'now', arguments: '{}' },
    ]);
  });

  it('puts a call that is told late where the model made it', () => {
    const read = collect(
      { type: 'text', delta: 'a' },
      { type: 'tool_call', index: 0, id: 'second', name: 'theirs', argumentsDelta: '{}' },
    );
    const call = (id: string) => ({
      type: 'tool_call' as const,
      id,
      name: 'ours',
      arguments: '{}',
      server: true as const,
    });
    read.insertCall(call('first'), 0);
    read.insertCall(call('third'), 2);
    expect(read.toolCalls().map(({ id }) => id)).toEqual(['first', 'second', 'third']);
    read.push({ type: 'tool_result', toolCallId: 'first', content: '' });
    read.insertCall(call('fourth'), 0);
    expect(read.parts().map((part) => ('id' in part ? part.id : part.type))).toEqual([
      ...['text', 'first', 'second', 'third', 'tool_result', 'fourth'],
    ]);
  });

  it('keeps answers apart', () => {
    const usage = { inputTokens: 1, outputTokens: 2, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    const read = collect(
      { type: 'start', model: 'm', providerRequestId: 'r' },
      { type: 'text', delta: 'a', logprobs: 1 },
      { type: 'text', delta: 'b', choice: 1 },
      { type: 'finish', reason: 'stop', reasons: ['stop', 'length'], usage },
    );
    expect([read.text(), read.text(1), read.logprobs(), read.count]).toEqual(['a', 'b', [1], 2]);
    expect([read.finishReason(), read.finishReason(1), read.usage, read.model]).toEqual(['stop', 'length', usage, 'm']);
  });

  it('can be asked before the end, and hands out copies', () => {
    const read = collect({ type: 'text', delta: 'a' });
    const before = read.parts();
    read.add({ type: 'text', delta: 'b' });
    expect([before, read.text(), read.finishReason(), read.usage]).toEqual([
      [{ type: 'text', text: 'a' }],
      'ab',
      null,
      null,
    ]);
    expect([new Collector().parts(), new Collector().count]).toEqual([[], 1]);
  });
});
