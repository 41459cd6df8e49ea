import { Collector } from '../collector.codec';
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

function collected(chunks: unknown[]): Collector {
  const collector = new Collector();
  for (const event of events(chunks)) collector.add(event);
  return collector;
}

const call = (fn: Delta, rest: Delta = {}) => chunk({ tool_calls: [{ function: fn, ...rest }] });

describe('tool calls', () => {
  const args = (...pieces: string[]) => pieces.map((piece) => ({ arguments: piece }));
  const [open, close] = args('{"a":', '1}');
  const named = { id: 'x', name: 'look' };
  const look = { type: 'tool_call', id: 'x', name: 'look', arguments: '{"a":1}' };
  const now = { type: 'tool_call', id: 'y', name: 'now', arguments: '{}' };

  it.each([
    [
      'with an index',
      [
        call({ name: 'look', arguments: '' }, { index: 0, id: 'x' }),
        call(open!, { index: 0 }),
        call(close!, { index: 0 }),
      ],
    ],
    ['without one', [call({ name: 'look', ...open }, { id: 'x' }), call(close!)]],
    ['with their id repeated', [call({ name: 'look', ...open }, { id: 'x' }), call(close!, { id: 'x' })]],
    [
      'with another id in each delta',
      [call({ name: 'look', ...open }, { index: 0, id: 'x' }), call(close!, { index: 0, id: 'z' })],
    ],
    [
      'with the name after the id',
      [call(open!, { index: 0, id: 'x' }), call({ name: 'look', ...close }, { index: 0 })],
    ],
    ['whole, with parsed arguments', [call({ name: 'look', arguments: { a: 1 } }, { id: 'x' })]],
  ])('are read %s', (_, chunks) => {
    expect(collected([...chunks, chunk({}, 'tool_calls')]).parts()).toEqual([look]);
  });

  it.each([
    [
      'by index',
      [
        { ...named, index: 3 },
        { index: 4, id: 'y' },
      ],
    ],
    ['by a new id', [named, { id: 'y' }]],
    [
      'by a new id, when all have index 0',
      [
        { ...named, index: 0 },
        { index: 0, id: 'y' },
      ],
    ],
  ])('are told apart %s', (_, [one, two]) => {
    const chunks = [call({ name: 'look', arguments: '{"a":1}' }, { ...one, id: 'x' }), call({ name: 'now' }, two)];
    const read = events([...chunks, chunk({}, 'stop')]);
    expect(read.filter(({ type }) => type === 'tool_call')).toMatchObject([{ index: 0 }, { index: 1 }]);
    expect(collected([...chunks, chunk({}, 'stop')]).parts()).toEqual([look, now]);
  });

  it('are given an id when the server gave none', () => {
    const both = { tool_calls: [{ function: { name: 'look', arguments: '{}' } }, { function: { name: 'now' } }] };
    const [one, two] = collected([chunk(both, 'stop')]).toolCalls();
    expect([one?.name, two?.name]).toEqual(['look', 'now']);
    expect(one?.id).toMatch(/^call_/);
    expect(one?.id).not.toBe(two?.id);
  });

  it('are read in their legacy form', () => {
    const read = collected([
      chunk({ function_call: { name: 'look', arguments: '{"a":' } }),
      chunk({ function_call: { arguments: '1}' } }, 'function_call'),
    ]);
    expect([read.toolCalls()[0], read.finishReason()]).toMatchObject([
      { name: 'look', arguments: '{"a":1}' },
      'tool_calls',
    ]);
  });

  it('make no sense without a name', () => {
    expect(() => events([call(open!, { index: 0 }), chunk({}, 'tool_calls')])).toThrow(
      expect.objectContaining({ failure: 'server' }) as Error,
    );
  });
});
