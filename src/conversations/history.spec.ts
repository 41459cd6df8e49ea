import { type Part } from '../providers/providers.types';
import { type Conversation } from './conversation.entity';
import { openToolCalls, toPrompt } from './history';
import { type StoredMessage } from './message.entity';

const conversation = (systemPrompt: string | null = null) => ({ systemPrompt }) as Conversation;
const said = (role: StoredMessage['role'], ...parts: Part[]) => ({ role, parts }) as StoredMessage;
const text = (words: string): Part => ({ type: 'text', text: words });
const call = (id: string): Part => ({ type: 'tool_call', id, name: 'look', arguments: '{}' });
const result = (toolCallId: string): Part => ({ type: 'tool_result', toolCallId, content: 'seen' });
const question = { role: 'user' as const, parts: [text('next')] };

describe('toPrompt', () => {
  it('puts the system prompt first and the question last', () => {
    const prompt = toPrompt(
      conversation('Be brief.'),
      [said('user', text('hi')), said('assistant', text('hello'))],
      question,
    );
    expect(prompt.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  });

  it('keeps calls that have their results and leaves out those nobody answered', () => {
    const history = [
      said('user', text('look')),
      said('assistant', text('I look.'), call('a'), call('b')),
      said('tool', result('a')),
    ];
    const prompt = toPrompt(conversation(), history, question);
    expect(prompt[1]?.parts).toEqual([text('I look.'), call('a')]);
  });

  it('keeps a call that the question answers', () => {
    const prompt = toPrompt(conversation(), [said('assistant', call('a'))], { role: 'tool', parts: [result('a')] });
    expect(prompt.map(({ parts }) => parts)).toEqual([[call('a')], [result('a')]]);
  });

  it('leaves out answers that came to nothing', () => {
    const history = [
      said('user', text('hi')),
      said('assistant'),
      said('assistant', { type: 'reasoning', text: 'hm' }),
      said('assistant', call('x')),
    ];
    expect(toPrompt(conversation(), history, question).map(({ role }) => role)).toEqual(['user', 'user']);
  });
});

describe('openToolCalls', () => {
  it('are those of the last message', () => {
    expect(openToolCalls([said('assistant', call('a')), said('tool', result('a'))])).toEqual([]);
    expect(openToolCalls([said('assistant', call('a'), text('x'), call('b'))])).toEqual(['a', 'b']);
    expect(openToolCalls([])).toEqual([]);
  });
});
