import { Logger } from '@nestjs/common';
import { calls, COST, loop, resultsOf, says, scripted, told, tool, USAGE } from '../../test/support/scripted-loop';
import { ToolError } from '../tools/tools.errors';
import { type Tool } from '../tools/tools.types';
import { type ChatEvent, type Turn } from './chat.types';

beforeAll(() => Logger.overrideLogger(false));

const look = tool('look');
/** Says whatever it is given as `say`. */
const echo = tool('echo', { execute: (input) => Promise.resolve((input as { say: unknown }).say) });
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

describe('a loop of model and tools', () => {
  it('tells all of it as it comes, and what it came to', async () => {
    const { next, asked } = scripted([{ type: 'text', delta: 'Hm.' }, ...calls({ name: 'look' })], says('Done.'));
    const { events, finish, answer } = await told(loop(next, [look]));
    expect(events.map(({ type }) => type)).toEqual([
      ...['start', 'text', 'server_call', 'server_result'],
      ...['text', 'text', 'finish'],
    ]);
    expect(answer.content.text()).toBe('Hm.\n\nDone.');
    expect(finish).toMatchObject({ reason: 'stop', stop: 'answered', cost: 2n * COST });
    expect(finish.usage).toEqual({ ...USAGE, inputTokens: 6, outputTokens: 4 });
    expect(asked[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', parts: [{ text: 'Hm.' }, { type: 'tool_call', name: 'look' }] },
      { role: 'tool', parts: [{ type: 'tool_result', content: 'done' }] },
    ]);
  });

  it('executes calls at the same time, and tells the model their results in order', async () => {
    const both = Promise.withResolvers<undefined>();
    let begun = 0;
    const slow = tool('slow', {
      execute: async () => {
        if (++begun === 2) both.resolve(undefined);
        await both.promise;
        await new Promise(setImmediate);
        return 'slow';
      },
    });
    const quick = tool('quick', {
      execute: async () => {
        if (++begun === 2) both.resolve(undefined);
        await both.promise;
        return 'quick';
      },
    });
    const { next, asked } = scripted(calls({ name: 'slow' }, { name: 'quick' }), says('Done.'));
    const { results } = await told(loop(next, [slow, quick]));
    expect(results.map(({ content }) => content)).toEqual(['quick', 'slow']);
    expect(resultsOf(asked[1]!.messages).map(({ content }) => content)).toEqual(['slow', 'quick']);
  });

  it('executes so many at a time, and no more than it may', async () => {
    let [running, most] = [0, 0];
    const busy = tool('busy', {
      execute: async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        return 'done';
      },
    });
    const { next } = scripted(calls(...Array.from({ length: 70 }, () => ({ name: 'busy' }))), says('Done.'));
    const { results } = await told(loop(next, [busy]));
    expect([most, results.length]).toEqual([8, 70]);
    const refused = results.filter(({ isError }) => isError);
    expect(refused).toHaveLength(6);
    expect(refused[0]?.content).toContain('at most 64 calls');
  });

  it('executes them one after the other, in order, when one of them writes', async () => {
    const log: string[] = [];
    const logged = (name: string, sideEffects: Tool['sideEffects']) =>
      tool(name, {
        sideEffects,
        execute: async () => {
          log.push(`${name} begins`);
          await new Promise(setImmediate);
          log.push(`${name} ends`);
          return 'done';
        },
      });
    const order = ['read', 'write', 'read', 'write'];
    const { next } = scripted(calls(...order.map((name) => ({ name }))), says('Done.'));
    await told(loop(next, [logged('read', 'reads'), logged('write', 'writes')]));
    expect(log).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('tells the model once that it repeats itself, and stops when it does so again', async () => {
    const again = ['{"say":"x","n":1}', '{ "say": "x", "n": 1 }', '{"say":"x","n":1}'];
    const { next, asked } = scripted(...again.map((args) => calls({ name: 'echo', args })), says('never'));
    const { finish, results } = await told(loop(next, [echo]));
    expect(finish).toMatchObject({ reason: 'length', stop: 'repeated_call' });
    expect(asked).toHaveLength(3);
    expect(results.map(({ content }) => content.includes('You made this very call before'))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('lets it make the same call with another result, and thrice in one step', async () => {
    let n = 0;
    const count = tool('count', { execute: () => Promise.resolve(++n) });
    const counting = scripted(...Array.from({ length: 5 }, () => calls({ name: 'count' })), says('Done.'));
    expect((await told(loop(counting.next, [count]))).finish).toMatchObject({ stop: 'answered' });
    const thrice = scripted(calls({ name: 'look' }, { name: 'look' }, { name: 'look' }), says('Done.'));
    expect((await told(loop(thrice.next, [look]))).finish).toMatchObject({ stop: 'answered' });
  });

  it.each([
    [{ name: 'nothing' }, "There is no tool 'nothing'. There are: strict, broken, sorry."],
    [{ name: 'strict', args: '{"a":' }, 'not valid JSON'],
    [{ name: 'strict', args: '{}' }, "required property 'a'"],
    [{ name: 'sorry' }, 'No city of that name.'],
    [{ name: 'broken' }, 'because of an error on this server'],
  ])('tells the model what was wrong with %j', async (call, message) => {
    const execute = (error: Error) => () => Promise.reject(error);
    const tools = [
      tool('strict', { parameters: { type: 'object', required: ['a'] } }),
      tool('broken', { execute: execute(new TypeError('secret of ours')) }),
      tool('sorry', { execute: execute(new ToolError('No city of that name.')) }),
    ];
    const { next, asked } = scripted(calls(call), says('Done.'));
    const { results, finish } = await told(loop(next, tools));
    expect(results).toMatchObject([{ isError: true, content: expect.stringContaining(message) as string, cost: 0n }]);
    expect(resultsOf(asked[1]!.messages)).toMatchObject([{ isError: true, content: results[0]?.content }]);
    expect(JSON.stringify(asked[1])).not.toContain('secret');
    expect(finish).toMatchObject({ stop: 'answered' });
  });

  it('does as its caller what its tools do', async () => {
    const execute = jest.fn(() => Promise.resolve('all of them'));
    const documents = tool('documents', { permission: 'documents:read', execute });
    const { next } = scripted(calls({ name: 'documents' }), says('Done.'));
    const { results } = await told(loop(next, [documents], { principal: { scopes: ['chat', 'tools'] } }));
    expect(results).toMatchObject([{ isError: true, content: expect.stringContaining('documents') as string }]);
    expect(execute).not.toHaveBeenCalled();
    await expect(told(loop(next, [documents], { principal: { scopes: ['chat'] } }))).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
  });

  it('cuts a result of 2 MB, and marks it', async () => {
    const big = tool('big', { execute: () => Promise.resolve('🎈'.repeat(1_000_000)) });
    const { next, asked } = scripted(calls({ name: 'big' }), says('Done.'));
    const { results } = await told(loop(next, [big]));
    expect(results).toMatchObject([{ truncated: true, isError: false }]);
    const [{ content } = { content: '' }] = resultsOf(asked[1]!.messages);
    expect(content).toBe(`${'🎈'.repeat(500)}\n[Cut here: 1000 of 2000000 characters are shown.]`);
  });

  it('gives every call an id of its own, whatever the provider and earlier turns have', async () => {
    const earlier = { type: 'tool_call' as const, id: 'call_0', name: 'look', arguments: '{}' };
    const messages = [{ role: 'assistant' as const, parts: [earlier] }];
    const twice = calls({ name: 'look', id: 'same' }, { name: 'look', id: 'same' }, { name: 'look', id: '' });
    let n = 0;
    const count = tool('look', { execute: () => Promise.resolve(++n) });
    const { next, asked } = scripted(calls({ name: 'look' }), calls({ name: 'look' }), twice, says('Done.'));
    const { events } = await told(loop(next, [count], { request: { messages } }));
    const ids = events.flatMap((event) => (event.type === 'server_call' ? [event.call.id] : []));
    expect(new Set(['call_0', ...ids]).size).toBe(6);
    expect(resultsOf(asked.at(-1)!.messages).map(({ toolCallId }) => toolCallId)).toEqual(ids);
  });

  it("hands the client's calls back, numbered from 0, when its own are done", async () => {
    const mixed = calls({ name: 'look' }, { name: 'theirs', args: '{"a":1}' }, { name: 'look' }, { name: 'theirs' });
    const { next, asked } = scripted(mixed);
    const request = { tools: [{ name: 'theirs' }] };
    const { events, finish, answer } = await told(loop(next, [look], { request }));
    expect(finish).toMatchObject({ reason: 'tool_calls', stop: null });
    const handed = events.filter((event) => event.type === 'tool_call');
    expect(handed).toMatchObject([
      { index: 0, id: 'call_1', name: 'theirs' },
      { index: 1, id: 'call_3' },
    ]);
    expect(events.filter(({ type }) => type === 'server_result')).toHaveLength(2);
    expect(asked[0]?.tools?.map(({ name }) => name)).toEqual(['theirs', 'look']);
    const answered = resultsOf([{ role: 'tool', parts: answer.content.parts() }]);
    expect(answered.map(({ toolCallId }) => toolCallId)).toEqual(['call_0', 'call_2']);
  });

  it.each(['required' as const, { name: 'look' }])('forces %j once', async (toolChoice) => {
    const { next, asked } = scripted(calls({ name: 'look' }), says('Done.'));
    await told(loop(next, [look], { request: { toolChoice } }));
    expect(asked.map((request) => request.toolChoice)).toEqual([toolChoice, undefined]);
    const never = scripted(says('Done.'));
    await told(loop(never.next, [look], { request: { toolChoice: 'none' } }));
    expect(never.asked[0]?.toolChoice).toBe('none');
  });

  it.each(['model', 'tool'])('ends at once when it is cancelled in a %s', async (where) => {
    const cancel = new AbortController();
    const heard: string[] = [];
    const waits = tool('waits', {
      execute: (_, __, signal) => {
        setImmediate(() => cancel.abort(new Error('cancelled')));
        signal.addEventListener('abort', () => heard.push('tool'));
        return aborted(signal);
      },
    });
    async function* hang({ signal }: Turn): AsyncGenerator<ChatEvent> {
      yield { type: 'text', delta: 'So' };
      setImmediate(() => cancel.abort(new Error('cancelled')));
      await aborted(signal).finally(() => heard.push('model'));
    }
    const { next } = scripted(where === 'model' ? hang : calls({ name: 'waits' }));
    const run = loop(next, [waits], { signal: cancel.signal });
    await expect(told(run)).rejects.toThrow('cancelled');
    expect(heard).toEqual([where]);
    expect(run.answer).toMatchObject({ usage: { outputTokens: 2 }, cost: COST, complete: false });
  });

  it.each(['model', 'tool'])('ends when it has taken too long, in a %s', async (where) => {
    const waits = tool('waits', { execute: (_, __, signal) => aborted(signal) });
    async function* hang({ signal }: Turn): AsyncGenerator<ChatEvent> {
      yield { type: 'text', delta: 'So' };
      await aborted(signal);
    }
    const { next } = scripted(where === 'model' ? hang : calls({ name: 'waits' }));
    const { finish } = await told(loop(next, [waits], { request: { limits: { maxDurationMs: 20 } } }));
    expect(finish).toMatchObject({ reason: 'length', stop: 'max_duration', cost: COST });
  });

  it('ends with max_steps, and does not execute what nobody would hear of', async () => {
    const execute = jest.fn(() => Promise.resolve('done'));
    const { next, asked } = scripted(calls({ name: 'look' }));
    const request = { limits: { maxSteps: 2 } };
    const { finish } = await told(loop(next, [tool('look', { execute })], { request }));
    expect(finish).toMatchObject({ reason: 'length', stop: 'max_steps' });
    expect([asked.length, execute.mock.calls.length]).toEqual([2, 1]);
  });

  it('holds each call of the model to what is left of max_cost', async () => {
    const { next, asked } = scripted(calls({ name: 'look' }));
    const count = tool('look', { execute: () => Promise.resolve(asked.length) });
    const { finish } = await told(loop(next, [count], { request: { limits: { maxCost: 12n } } }));
    expect(asked.map(({ limits }) => limits?.maxCost)).toEqual([12n, 7n, 2n]);
    expect(finish).toMatchObject({ stop: 'max_cost' });
  });
});
