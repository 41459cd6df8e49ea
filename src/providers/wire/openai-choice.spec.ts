import { Collector } from '../collector.codec';
import { type ModelEvent } from '../providers.types';
import { type Echo } from './openai-choice';
import { ChatReader } from './openai-stream';

type Delta = Record<string, unknown>;
const chunk = (delta: Delta, finish: string | null = null, rest: Delta = {}) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
});

function events(chunks: unknown[], echo: Echo): ModelEvent[] {
  const reader = new ChatReader('p', echo);
  return [...chunks.flatMap((data) => reader.read(JSON.stringify(data))), ...reader.end(false)];
}

function collected(chunks: unknown[], echo: Echo): Collector {
  const collector = new Collector();
  for (const event of events(chunks, echo)) collector.add(event);
  return collector;
}

describe('reasoning to be sent back', () => {
  const details: Echo = { field: 'reasoning_details', format: 'p:reasoning_details' };

  it('keeps OpenRouter blocks whole, closed by what follows them', () => {
    const detail = (rest: Delta) =>
      chunk({ content: '', reasoning_details: [{ type: 'reasoning.text', index: 0, ...rest }] });
    const sealed = { type: 'reasoning.encrypted', data: 'x', index: 1 };
    const read = collected(
      [
        detail({ text: 'h' }),
        detail({ text: 'm' }),
        detail({ signature: 's' }),
        chunk({ content: 'Hi' }),
        chunk({ reasoning_details: [sealed] }, 'stop'),
      ],
      details,
    );
    expect(read.parts()).toEqual([
      {
        type: 'reasoning',
        text: 'hm',
        opaque: { format: details.format, data: [{ type: 'reasoning.text', index: 0, text: 'hm', signature: 's' }] },
      },
      { type: 'text', text: 'Hi' },
      { type: 'reasoning', text: '', opaque: { format: details.format, data: [sealed] } },
    ]);
  });

  it('marks reasoning_content as its own, and no other reasoning', () => {
    const content: Echo = { field: 'reasoning_content', format: 'p:reasoning_content' };
    const of = (delta: Delta) => collected([chunk(delta), chunk({ content: 'Hi' }, 'stop')], content).parts()[0];
    expect(of({ reasoning_content: 'hm' })).toMatchObject({ text: 'hm', opaque: { format: content.format } });
    expect(of({ reasoning: 'hm' })).toEqual({ type: 'reasoning', text: 'hm' });
  });
});
