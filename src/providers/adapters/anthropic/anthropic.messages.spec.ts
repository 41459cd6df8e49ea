import { type Message, type Part } from '../../providers.types';
import { continuesWithoutThinking, holdsThinking, toConversation } from './anthropic.messages';

const convert = (...messages: Message[]) => toConversation('anthropic', messages);
const said = (role: Message['role'], ...parts: (Part | string)[]): Message => ({
  role,
  parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
});
const contents = (...messages: Message[]) => convert(...messages).messages.map(({ content }) => content);
const opaque = (data: unknown, format = 'anthropic'): Part => ({ type: 'opaque', opaque: { format, data } });
const text = (value: string) => ({ type: 'text', text: value });

describe('turns', () => {
  it('takes system messages out, wherever they stand, and joins what then follows itself', () => {
    const { system, messages } = convert(
      said('system', 'Be brief.'),
      said('user', 'Hi'),
      said('system', 'It is noon.'),
      said('user', 'there'),
      said('assistant', 'Hello'),
    );
    expect(system).toBe('Be brief.\n\nIt is noon.');
    expect(messages).toEqual([
      { role: 'user', content: [text('Hi'), text('there')] },
      { role: 'assistant', content: [text('Hello')] },
    ]);
  });

  it('sends no empty text and no empty turn', () => {
    expect(contents(said('user', 'Hi', ' '), said('assistant', ''), said('user', 'again'))).toEqual([
      [text('Hi'), text('again')],
    ]);
  });

  it('trims a prefilled answer and names participants', () => {
    expect(contents({ ...said('user', 'Hi'), name: 'Ann' }, said('assistant', 'So: '))).toEqual([
      [text('Ann: Hi')],
      [text('So:')],
    ]);
  });

  it('puts the results of tools into a user turn', () => {
    const calls: Part[] = [
      { type: 'tool_call', id: 'functions.f:0', name: 'f', arguments: '{"a":1}' },
      { type: 'tool_call', id: 'b', name: 'g', arguments: '' },
      { type: 'tool_call', id: 'c', name: 'h', arguments: '[1' },
    ];
    const turns = contents(
      said('user', 'Hi'),
      said('assistant', 'Wait.', ...calls),
      said('tool', { type: 'tool_result', toolCallId: 'functions.f:0', content: '42' }),
      said('tool', { type: 'tool_result', toolCallId: 'b', content: '', isError: true }),
      said('user', 'And?'),
    );
    expect(turns.slice(1)).toEqual([
      [
        text('Wait.'),
        { type: 'tool_use', id: 'functions_f_0', name: 'f', input: { a: 1 } },
        { type: 'tool_use', id: 'b', name: 'g', input: {} },
        { type: 'tool_use', id: 'c', name: 'h', input: { arguments: '[1' } },
      ],
      [
        { type: 'tool_result', tool_use_id: 'functions_f_0', content: '42' },
        { type: 'tool_result', tool_use_id: 'b', is_error: true },
        text('And?'),
      ],
    ]);
  });
});

describe('images and files', () => {
  it('takes images by address and by bytes, PDF and plain text', () => {
    const [content] = contents(
      said(
        'user',
        { type: 'image', url: 'https://x.test/a.png', detail: 'low' },
        { type: 'image', data: 'aGk=', mediaType: 'image/WEBP' },
        { type: 'file', data: 'aGk=', mediaType: 'application/pdf', filename: 'a.pdf' },
        { type: 'file', data: 'aGk=', mediaType: 'text/plain; charset=utf-8' },
      ),
    );
    expect(content).toEqual([
      { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'aGk=' } },
      { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hi' } },
    ]);
  });

  it.each<Part>([
    { type: 'image', data: 'aGk=', mediaType: 'image/svg+xml' },
    { type: 'file', data: 'aGk=', mediaType: 'application/zip' },
  ])('refuses others by their place', (part) => {
    expect(() => convert(said('system', 's'), said('user', 'look', part))).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param: 'messages[1].content[1]' }),
    );
  });
});

describe('what only Anthropic understands', () => {
  const thinking = { type: 'thinking', thinking: 'hm', signature: 'c2ln' };
  const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } };
  const cited = { type: 'text', text: 'the sky is blue', citations: [{ type: 'char_location' }] };

  it('goes back untouched and in its place; what others made stays away', () => {
    const [content] = contents(
      said(
        'assistant',
        { type: 'reasoning', text: 'hm', opaque: { format: 'anthropic', data: thinking } },
        { type: 'reasoning', text: 'unsigned' },
        { type: 'reasoning', text: 'other', opaque: { format: 'openrouter', data: {} } },
        opaque(search),
        opaque({ type: 'x' }, 'openrouter'),
        'Found.',
      ),
    );
    expect(content).toEqual([thinking, search, text('Found.')]);
  });

  it('gives a text its citations back, out of the middle of what was joined', () => {
    expect(contents(said('assistant', 'As we know, the sky is blue', opaque(cited), '.'))).toEqual([
      [text('As we know, '), cited, text('.')],
    ]);
    expect(contents(said('assistant', 'the sky is blue', opaque(cited)))).toEqual([[cited]]);
  });

  it('leaves citations away from a text that has been changed', () => {
    expect(contents(said('assistant', 'the sky is [redacted]', opaque(cited)))).toEqual([
      [text('the sky is [redacted]')],
    ]);
  });

  it('knows when a tool turn has lost its thinking', () => {
    const call: Part = { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' };
    const result = said('tool', { type: 'tool_result', toolCallId: 'a', content: '1' });
    const bare = convert(said('user', 'Hi'), said('assistant', call), result).messages;
    const thought: Part = { type: 'reasoning', text: '', opaque: { format: 'anthropic', data: thinking } };
    const whole = convert(said('user', 'Hi'), said('assistant', thought, call), result).messages;
    expect([bare, whole].map(continuesWithoutThinking)).toEqual([true, false]);
    expect([bare, whole].map(holdsThinking)).toEqual([false, true]);
    expect(continuesWithoutThinking(convert(said('user', 'Hi')).messages)).toBe(false);
  });
});
