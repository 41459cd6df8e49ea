import { type ModelRequest } from '../providers.types';
import { type ChatDialect } from './openai-dialect';
import { toChatBody } from './openai-request';

const OPENAI: ChatDialect = {
  maxTokensField: 'max_completion_tokens',
  refuses: [],
  reasoningEffort: (effort) => ({ reasoning_effort: effort }),
  joinsText: false,
  refusalField: true,
  reasoningEcho: null,
  vectors: 'base64',
  fields: {},
  headers: {},
};
const OTHER: ChatDialect = {
  ...OPENAI,
  maxTokensField: 'max_tokens',
  joinsText: true,
  refusalField: false,
  reasoningEcho: 'reasoning_content',
};
const ROUTER: ChatDialect = {
  ...OTHER,
  refuses: ['n'],
  reasoningEffort: (effort) => ({ reasoning: { effort } }),
  reasoningEcho: 'reasoning_details',
  fields: { usage: { include: true } },
};

const ask = (rest: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'm',
  stream: false,
  requestId: 'r',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
  ...rest,
});
const body = (rest: Partial<ModelRequest>, dialect = OPENAI) => toChatBody(ask(rest), dialect, 'p');
const messages = (list: ModelRequest['messages'], dialect = OPENAI) => body({ messages: list }, dialect).messages;

describe('toChatBody', () => {
  it('sends the bare minimum when nothing else is asked', () => {
    expect(body({})).toEqual({ model: 'm', stream: false, messages: [{ role: 'user', content: 'Hi' }] });
  });

  it('names every canonical field as the wire does', () => {
    const schema = { type: 'object' };
    const asked = body({
      stream: true,
      tools: [{ name: 'look', description: 'Looks', parameters: schema, strict: true }, { name: 'now' }],
      toolChoice: { name: 'look' },
      parallelToolCalls: false,
      responseFormat: { type: 'json_schema', name: 'answer', schema, strict: true },
      stop: ['END'],
      maxTokens: 10,
      temperature: 0,
      topP: 0.5,
      seed: 7,
      n: 2,
      reasoningEffort: 'low',
      endUser: 'alice',
    });
    expect(asked).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
      tools: [
        { type: 'function', function: { name: 'look', description: 'Looks', parameters: schema, strict: true } },
        {
          type: 'function',
          function: { name: 'now', parameters: { type: 'object', properties: {}, additionalProperties: false } },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      stop: ['END'],
      max_completion_tokens: 10,
      temperature: 0,
      top_p: 0.5,
      seed: 7,
      n: 2,
      reasoning_effort: 'low',
      user: 'alice',
    });
  });

  it.each([
    [OTHER, { max_tokens: 5, reasoning_effort: 'high' }],
    [ROUTER, { max_tokens: 5, reasoning: { effort: 'high' }, usage: { include: true } }],
  ])('speaks the dialect of its server', (dialect, expected) => {
    expect(body({ maxTokens: 5, reasoningEffort: 'high' }, dialect)).toMatchObject(expected);
  });

  it.each(['auto', 'none', 'required'] as const)('passes tool_choice %s', (toolChoice) => {
    expect(body({ toolChoice })).toMatchObject({ tool_choice: toolChoice });
  });

  it.each(['text', 'json_object'] as const)('passes response_format %s', (type) => {
    expect(body({ responseFormat: { type } })).toMatchObject({ response_format: { type } });
  });

  it('passes unknown fields through without letting them override canonical ones', () => {
    const asked = body({
      stream: true,
      maxTokens: 5,
      temperature: 1,
      passthrough: {
        logit_bias: { 1: 2 },
        temperature: 2,
        model: 'other',
        messages: [],
        stream: false,
        max_tokens: 9,
        stream_options: { include_usage: false, include_obfuscation: false },
      },
    });
    expect(asked).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      logit_bias: { 1: 2 },
      temperature: 1,
      max_completion_tokens: 5,
    });
  });

  it('refuses what the server has not, before any network', () => {
    expect(() => body({ n: 2 }, ROUTER)).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param: 'n' }),
    );
    expect(body({ n: 1 }, ROUTER)).not.toHaveProperty('n');
  });
});

describe('toChatMessages', () => {
  it('sends images by URL and by their bytes, and files', () => {
    const sent = messages([
      {
        role: 'user',
        name: 'alice',
        parts: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'https://example.com/a.png', detail: 'low' },
          { type: 'image', data: 'QUJD', mediaType: 'image/jpeg' },
          { type: 'file', data: 'UERG', mediaType: 'application/pdf' },
          { type: 'file', data: 'UERG', mediaType: 'application/pdf', filename: 'bill.pdf' },
        ],
      },
    ]);
    expect(sent).toEqual([
      {
        role: 'user',
        name: 'alice',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,QUJD' } },
          { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,UERG' } },
          { type: 'file', file: { filename: 'bill.pdf', file_data: 'data:application/pdf;base64,UERG' } },
        ],
      },
    ]);
  });

  it('joins text in several parts where the server takes no list', () => {
    const parts = [
      { type: 'text' as const, text: 'one' },
      { type: 'text' as const, text: 'two' },
    ];
    expect(messages([{ role: 'system', parts }], OTHER)).toEqual([{ role: 'system', content: 'one\ntwo' }]);
    expect(messages([{ role: 'system', parts }])).toEqual([{ role: 'system', content: parts }]);
  });

  it('sends tool calls and one message for each result', () => {
    const sent = messages([
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'a', name: 'look', arguments: '' }] },
      {
        role: 'tool',
        parts: [
          { type: 'tool_result', toolCallId: 'a', content: 'sun' },
          { type: 'tool_result', toolCallId: 'b', content: 'no such tool', isError: true },
        ],
      },
    ]);
    expect(sent).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'sun' },
      { role: 'tool', tool_call_id: 'b', content: 'no such tool' },
    ]);
  });

  it('leaves out what only another provider understands, and messages left with nothing', () => {
    const foreign = { format: 'anthropic', data: {} };
    const sent = messages([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'hm', opaque: foreign },
          { type: 'opaque', opaque: foreign },
          { type: 'text', text: 'Yes' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'reasoning', text: 'hm', opaque: foreign }] },
    ]);
    expect(sent).toEqual([{ role: 'assistant', content: 'Yes' }]);
  });

  it('sends a refusal in its own field, or as text', () => {
    const refused = [{ role: 'assistant' as const, parts: [{ type: 'refusal' as const, text: 'No' }] }];
    expect(messages(refused)).toEqual([{ role: 'assistant', content: null, refusal: 'No' }]);
    expect(messages(refused, OTHER)).toEqual([{ role: 'assistant', content: 'No' }]);
  });

  it('sends reasoning back to who wrote it, once tools were called', () => {
    const thought = (format: string) => ({ type: 'reasoning' as const, text: 'hm', opaque: { format, data: null } });
    const called = { type: 'tool_call' as const, id: 'a', name: 'look', arguments: '{}' };
    const text = { type: 'text' as const, text: 'Yes' };
    const own = thought('p:reasoning_content');
    expect(messages([{ role: 'assistant', parts: [own, called] }], OTHER)).toMatchObject([{ reasoning_content: 'hm' }]);
    expect(messages([{ role: 'assistant', parts: [own, text] }], OTHER)).toEqual([
      { role: 'assistant', content: 'Yes' },
    ]);
    const others = messages([{ role: 'assistant', parts: [thought('q:reasoning_content'), called] }], OTHER);
    expect(JSON.stringify(others)).not.toContain('hm');
  });

  it('sends OpenRouter its reasoning details untouched and in order', () => {
    const block = (data: unknown) => ({
      type: 'reasoning' as const,
      text: 'hm',
      opaque: { format: 'p:reasoning_details', data: [data] },
    });
    const [one, two] = [
      { type: 'reasoning.text', text: 'hm', signature: 's' },
      { type: 'reasoning.encrypted', data: 'x' },
    ];
    const parts = [block(one), { type: 'text' as const, text: 'Yes' }, block(two)];
    expect(messages([{ role: 'assistant', parts }], ROUTER)).toEqual([
      { role: 'assistant', content: 'Yes', reasoning_details: [one, two] },
    ]);
  });
});
