import { type ModelRequest } from '../../providers.types';
import { toMessagesCall } from './anthropic.request';

const call = (request: Partial<ModelRequest>) =>
  toMessagesCall('anthropic', {
    model: 'claude-sonnet-4-5',
    stream: true,
    requestId: 'r',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    ...request,
  });
const body = (request: Partial<ModelRequest>) => call(request).body;
const refused = (param: string) => expect.objectContaining({ code: 'unsupported_parameter', param }) as Error;

const tools = [{ name: 'f', description: 'F', parameters: { type: 'object', properties: { a: { type: 'string' } } } }];
const closed = { type: 'object', properties: { n: { type: 'number', minimum: 1 } }, required: ['n'] };
const schema = { type: 'json_schema' as const, name: 'out', schema: closed };

it('sends what is always sent, and no more', () => {
  expect(call({ maxTokens: 5 })).toEqual({
    body: {
      model: 'claude-sonnet-4-5',
      max_tokens: 5,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
    },
    headers: {},
    jsonTool: null,
  });
});

it('converts the plain fields', () => {
  const request = { stop: ['END'], endUser: 'u1', stream: false };
  expect(body(request)).toMatchObject({
    max_tokens: 32_000,
    stop_sequences: ['END'],
    metadata: { user_id: 'u1' },
    stream: false,
  });
});

it.each<[string, Partial<ModelRequest>]>([
  ['seed', { seed: 1 }],
  ['n', { n: 2 }],
  ['stop', { stop: ['\n'] }],
  ['logit_bias', { passthrough: { logit_bias: {} } }],
  ['temperature', { temperature: 1.2 }],
  ['temperature', { temperature: 0.2, model: 'claude-opus-4-7' }],
  ['temperature', { temperature: 0.2, reasoningEffort: 'low' }],
  ['top_p', { topP: 0.5, reasoningEffort: 'low' }],
  ['top_p', { temperature: 0.2, topP: 0.5 }],
  ['reasoning_effort', { reasoningEffort: 'low', model: 'claude-3-5-haiku-latest' }],
  ['reasoning_effort', { reasoningEffort: 'none', model: 'claude-opus-5-5' }],
  ['tool_choice', { tools, toolChoice: 'required', model: 'claude-opus-5-5' }],
  ['tool_choice', { tools, toolChoice: { name: 'f' }, reasoningEffort: 'low' }],
  ['tools[0].function.parameters', { tools: [{ name: 'f', strict: true, parameters: { properties: { a: {} } } }] }],
  ['response_format', { responseFormat: { ...schema, schema: { type: 'array' } }, model: 'claude-3-haiku' }],
])('refuses %s: %j', (field, request) => {
  expect(() => call(request)).toThrow(refused(field));
});

describe('sampling', () => {
  it('asks under the API version that knew it, and only for what is no default', () => {
    expect(call({ temperature: 0.2 })).toMatchObject({
      body: { temperature: 0.2 },
      headers: { 'anthropic-version': '2023-06-01' },
    });
    expect(call({ temperature: 1, topP: 1, model: 'claude-opus-5-5' })).toMatchObject({ headers: {} });
    expect(body({ temperature: 0.2, topP: 0.5, model: 'claude-3-haiku-20240307' })).toMatchObject({
      temperature: 0.2,
      top_p: 0.5,
    });
  });
});

describe('reasoning', () => {
  it('adds a budget to what the answer may have, as far as the model goes', () => {
    const thinking = (request: Partial<ModelRequest>) => {
      const { max_tokens, thinking } = body(request);
      return [max_tokens, thinking];
    };
    expect(thinking({ reasoningEffort: 'medium', maxTokens: 100 })).toEqual([
      8292,
      { type: 'enabled', budget_tokens: 8192 },
    ]);
    expect(thinking({ reasoningEffort: 'max', maxTokens: 60_000 })).toEqual([
      64_000,
      { type: 'enabled', budget_tokens: 32_000 },
    ]);
    expect(thinking({ reasoningEffort: 'max', model: 'claude-opus-4-1' })).toEqual([
      32_000,
      { type: 'enabled', budget_tokens: 30_976 },
    ]);
    expect(thinking({ reasoningEffort: 'none' })).toEqual([32_000, undefined]);
  });

  it('asks newer models for an effort, in words they know', () => {
    const effort = (model: string, reasoningEffort: ModelRequest['reasoningEffort'] & string) => {
      const { thinking, output_config } = body({ model, reasoningEffort });
      return [thinking, output_config?.effort];
    };
    expect(effort('claude-opus-4-6', 'xhigh')).toEqual([{ type: 'adaptive' }, 'high']);
    expect(effort('claude-opus-5-5', 'minimal')).toEqual([{ type: 'adaptive', display: 'summarized' }, 'low']);
    expect(effort('claude-sonnet-5', 'none')).toEqual([{ type: 'disabled' }, undefined]);
    expect(effort('claude-sonnet-5-5', 'none')).toEqual([{ type: 'between_tools' }, undefined]);
  });

  const toolTurn = (thought: boolean): ModelRequest['messages'] => [
    { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      parts: [
        ...(thought
          ? [
              {
                type: 'reasoning' as const,
                text: '',
                opaque: { format: 'anthropic', data: { type: 'thinking', thinking: '', signature: 's' } },
              },
            ]
          : []),
        { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
      ],
    },
    { role: 'tool', parts: [{ type: 'tool_result', toolCallId: 'a', content: '1' }] },
  ];

  it('goes without a budget where the thinking of a tool turn is gone', () => {
    expect(body({ reasoningEffort: 'low', messages: toolTurn(false), tools })).not.toHaveProperty('thinking');
    expect(body({ reasoningEffort: 'low', messages: toolTurn(true), tools })).toHaveProperty('thinking');
    expect(body({ reasoningEffort: 'low', messages: toolTurn(false), tools, model: 'claude-opus-5' })).toHaveProperty(
      'thinking',
    );
  });

  it('has thoughts dropped whose conversation changed, at models that would refuse them', () => {
    const drop = { block_binding: { prefix_mismatch_behavior: 'drop_block' } };
    expect(call({ messages: toolTurn(true), model: 'claude-opus-5-5' })).toMatchObject({
      body: { thinking: { type: 'adaptive', ...drop } },
      headers: { 'anthropic-beta': expect.stringContaining('thinking-binding') },
    });
    expect(call({ messages: toolTurn(true), model: 'claude-opus-5' }).headers).toEqual({});
  });
});

describe('tools', () => {
  it('converts definitions and choices', () => {
    expect(body({ tools: [{ name: 'g' }, ...tools], parallelToolCalls: false })).toMatchObject({
      tools: [
        { name: 'g', input_schema: { type: 'object', properties: {} } },
        { name: 'f', description: 'F', input_schema: tools[0]?.parameters },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    });
    expect(body({ tools, toolChoice: 'none' }).tool_choice).toEqual({ type: 'none' });
    expect(body({ tools, toolChoice: 'required' }).tool_choice).toEqual({ type: 'any' });
    expect(body({ tools, toolChoice: { name: 'f' } }).tool_choice).toEqual({ type: 'tool', name: 'f' });
  });

  it('keeps a model that thinks unasked from it while a tool is forced', () => {
    expect(body({ tools, toolChoice: 'required', model: 'claude-sonnet-5' }).thinking).toEqual({ type: 'disabled' });
    expect(body({ tools, model: 'claude-sonnet-5' })).not.toHaveProperty('thinking');
  });

  it('passes strict on where the model has it', () => {
    const strict = [{ ...tools[0]!, strict: true }];
    expect(body({ tools: strict }).tools).toMatchObject([
      { strict: true, input_schema: { additionalProperties: false } },
    ]);
    expect(body({ tools: strict, model: 'claude-3-haiku' }).tools).toMatchObject([
      { input_schema: tools[0]?.parameters },
    ]);
  });
});

describe('answers in JSON', () => {
  it('lets newer models follow a closed schema themselves', () => {
    const { output_config, tools: none } = body({ responseFormat: schema });
    expect(output_config?.format).toMatchObject({
      type: 'json_schema',
      schema: { additionalProperties: false, required: ['n'] },
    });
    expect(none).toBeUndefined();
  });

  const open = { ...schema, schema: { type: 'object', additionalProperties: { type: 'string' } } };
  it.each<[string, Partial<ModelRequest>]>([
    ['any object', { responseFormat: { type: 'json_object' } }],
    ['an open schema', { responseFormat: open }],
    ['an older model', { responseFormat: schema, model: 'claude-sonnet-4-20250514' }],
  ])('forces a tool for %s', (_, request) => {
    expect(call(request)).toMatchObject({
      body: {
        tools: [{ name: 'json', input_schema: { type: 'object' } }],
        tool_choice: { type: 'tool', name: 'json', disable_parallel_tool_use: true },
      },
      jsonTool: 'json',
    });
  });

  it("leaves the choice between that tool and the caller's own", () => {
    const request = { tools: [...tools, { name: 'json' }], responseFormat: { type: 'json_object' as const } };
    expect(call(request)).toMatchObject({ body: { tool_choice: { type: 'any' } }, jsonTool: 'json_answer' });
    expect(body({ ...request, toolChoice: 'none' })).toMatchObject({
      tools: [{ name: 'json_answer' }],
      tool_choice: { type: 'tool' },
    });
    expect(call({ ...request, toolChoice: { name: 'f' } })).toMatchObject({
      body: { tool_choice: { name: 'f' } },
      jsonTool: null,
    });
  });

  it('asks in words where tools can not be forced', () => {
    expect(call({ responseFormat: { type: 'json_object' }, model: 'claude-opus-5-5' })).toMatchObject({
      body: { system: expect.stringContaining('`json`'), tool_choice: { type: 'auto' } },
      jsonTool: 'json',
    });
    expect(body({ responseFormat: { type: 'json_object' }, reasoningEffort: 'low' }).tool_choice).toMatchObject({
      type: 'auto',
    });
  });
});
