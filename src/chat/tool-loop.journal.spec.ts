import fc from 'fast-check';
import { calls, COST, loop, resultsOf, says, scripted, told, tool, USAGE } from '../../test/support/scripted-loop';
import { type Message } from '../providers/providers.types';
import { type ToolResult } from '../tools/tools.types';
import { type Claim, type Journal, type ModelStep, type PastStep, type ToolCall } from './tool-loop.types';

class Killed extends Error {}

/** Keeps everything, until the process dies: at one of its writes, before or after it is kept. */
class KeptJournal implements Journal {
  past: { steps: PastStep[]; elapsedMs: number } = { steps: [], elapsedMs: 0 };
  readonly executed: string[] = [];
  private writes = 0;

  constructor(
    private readonly steps: (PastStep & { results: Map<string, ToolResult> })[] = [],
    private readonly death: { at: number; kept: boolean } | null = null,
  ) {
    this.past = { steps: structuredClone(steps), elapsedMs: 0 };
  }

  get kept() {
    return this.steps;
  }

  said({ parts, calls: called, usage, cost }: ModelStep): Promise<void> {
    return this.write(() => this.steps.push({ parts, calls: called, usage, cost, results: new Map() }));
  }

  waiting(): [] {
    return [];
  }

  async claim(call: ToolCall): Promise<Claim> {
    await this.write(() => this.executed.push(call.id));
    return { key: call.id, arguments: call.arguments };
  }

  done(call: ToolCall, result: ToolResult): Promise<void> {
    return this.write(() => this.steps.at(-1)?.results.set(call.id, result));
  }

  private async write(keep: () => unknown): Promise<void> {
    const at = ++this.writes;
    await Promise.resolve();
    if (this.death && at > this.death.at) throw new Killed();
    if (this.death?.at !== at || this.death.kept) keep();
    if (this.death?.at === at) throw new Killed();
  }
}

/** Says its argument, some later than others. */
const say = (name: string, sideEffects: 'reads' | 'writes') =>
  tool(name, {
    sideEffects,
    execute: async (input) => {
      const { n } = input as { n: number };
      for (let i = 0; i < 3 * n; i++) await Promise.resolve();
      return n;
    },
  });
const TOOLS = [say('read', 'reads'), say('write', 'writes')];
const call = fc
  .record({ name: fc.constantFrom('read', 'read', 'write', 'nothing'), n: fc.nat(3), spaced: fc.boolean() })
  .map(({ name, n, spaced }) => ({ name, args: spaced ? `{ "n": ${n} }` : `{"n":${n}}` }));
const plans = fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
type Plan = { name: string; args: string }[][];

/** A model that follows a plan, whoever asks it: it is told how far it has come. */
function following(plan: Plan) {
  const sent: Message[][] = [];
  const { next } = scripted(async function* ({ request: { messages } }) {
    await Promise.resolve();
    sent.push(structuredClone(messages));
    const step = plan[messages.filter(({ role }) => role === 'assistant').length];
    yield* step ? calls(...step.map((one, i) => ({ ...one, id: `${sent.length}-${i}` }))) : says('Done.');
  });
  return { next, sent };
}

/** Ids are made anew by whoever asks again. */
const withoutIds = (messages: readonly Message[]): Message[] => {
  const ids: string[] = [];
  const place = (id: string) => String(ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1);
  return messages.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => {
      if (part.type === 'tool_call') return { ...part, id: place(part.id) };
      return part.type === 'tool_result' ? { ...part, toolCallId: place(part.toolCallId) } : part;
    }),
  }));
};

const limits = { maxSteps: 4 };

describe('a loop that is kept', () => {
  it('goes on in another process as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 30 }), fc.boolean(), async (plan, at, kept) => {
        const whole = following(plan);
        const { finish } = await told(loop(whole.next, TOOLS, { request: { limits }, journal: new KeptJournal() }));

        const { next, sent } = following(plan);
        const first = new KeptJournal([], { at, kept });
        const death = await told(loop(next, TOOLS, { request: { limits }, journal: first })).catch((e: unknown) => e);
        if (death instanceof Error) expect(death).toBeInstanceOf(Killed);
        const second = new KeptJournal(first.kept);
        const resumed = await told(loop(next, TOOLS, { request: { limits }, journal: second }));

        expect(resumed.finish).toMatchObject({ reason: finish.reason, stop: finish.stop, cost: finish.cost });
        expect(resumed.finish.usage).toEqual(finish.usage);
        const lastSent = sent.at(-1);
        expect(withoutIds(lastSent ?? [])).toEqual(withoutIds(whole.sent.at(-1) ?? []));
      }),
      { numRuns: 300 },
    );
  });

  it('tells the model again what it was told, to the letter, though its calls ended in another order', async () => {
    const delays = [5, 0];
    const uneven = tool('read', {
      execute: async () => {
        for (let left = delays.shift() ?? 0; left > 0; left--) await Promise.resolve();
        return 'same';
      },
    });
    const limited = { limits: { maxSteps: 2 } };
    const live = scripted(calls({ name: 'read' }, { name: 'read' }), says('Done.'));
    const kept = new KeptJournal();
    await told(loop(live.next, [uneven], { journal: kept, request: limited }));
    const again = scripted(says('Done.'));
    await told(loop(again.next, [uneven], { journal: new KeptJournal(kept.kept.slice(0, 1)), request: limited }));
    const contents = resultsOf(live.asked[1]!.messages).map(({ content }) => content);
    expect(contents).toEqual([expect.stringMatching(/^same\n\[You made/), 'same']);
    expect(again.asked[0]?.messages).toEqual(live.asked[1]?.messages);
  });

  it('executes nothing again whose result is known', async () => {
    const result: ToolResult = { content: '1', isError: false, truncated: false, durationMs: 1, cost: 7n };
    const called = ['a', 'b'].map((id) => ({ id, name: 'write', arguments: '{"n":1}' }));
    const parts = called.map((one) => ({ type: 'tool_call' as const, ...one }));
    const step = { parts, calls: called, usage: USAGE, cost: COST, results: new Map([['a', result]]) };
    const journal = new KeptJournal([step]);
    const { events, finish } = await told(loop(scripted(says('Done.')).next, TOOLS, { journal }));
    expect(journal.executed).toEqual(['b']);
    expect(events.filter(({ type }) => type === 'server_result')).toHaveLength(1);
    expect(finish).toMatchObject({ stop: 'answered', cost: 2n * COST + 7n });
  });

  it('costs what it has cost when it is cut short, tools and all', async () => {
    const cancel = new AbortController();
    const result: ToolResult = { content: '1', isError: false, truncated: false, durationMs: 1, cost: 7n };
    const journal = Object.assign(new KeptJournal(), {
      claim: ({ id }: ToolCall): Promise<Claim> =>
        Promise.resolve(id === 'paid' ? { result } : { key: id, arguments: '{}' }),
    });
    const waits = tool('waits', {
      sideEffects: 'writes',
      execute: (_, __, signal) => {
        cancel.abort(new Error('cancelled'));
        return Promise.reject(signal.reason as Error);
      },
    });
    const { next } = scripted(calls({ name: 'waits', id: 'paid' }, { name: 'waits', id: 'cut' }));
    const run = loop(next, [waits], { journal, signal: cancel.signal });
    await expect(told(run)).rejects.toThrow('cancelled');
    expect(run.answer).toMatchObject({ cost: COST + 7n, complete: false });
  });

  it.each(['said', 'claim', 'done'] as const)(
    'ends when its journal fails at %s, and executes nothing more',
    async (at) => {
      const execute = jest.fn(() => Promise.resolve('done'));
      const failing = () => Promise.reject(new Error('the database is away'));
      const journal = Object.assign(new KeptJournal(), { [at]: failing });
      const { next, asked } = scripted(calls({ name: 'write' }, { name: 'write' }), says('never'));
      const run = loop(next, [tool('write', { sideEffects: 'writes', execute })], { journal });
      await expect(told(run)).rejects.toThrow('the database is away');
      expect([asked.length, execute.mock.calls.length]).toEqual([1, at === 'done' ? 1 : 0]);
    },
  );

  it('waits for a decision before anything of the step is executed', async () => {
    const execute = jest.fn(() => Promise.resolve('done'));
    const journal = new KeptJournal();
    const waiting = (): ReturnType<Journal['waiting']> =>
      (journal.kept.at(-1)?.calls ?? []).slice(1).map((one) => ({ call: one, reason: 'approval' }));
    const { next, asked } = scripted(calls({ name: 'look' }, { name: 'write' }));
    const kept: Journal = Object.assign(journal, { waiting });
    const tools = [tool('look', { execute }), tool('write', { execute, sideEffects: 'writes' })];
    const { events, finish } = await told(loop(next, tools, { journal: kept }));
    expect(events.filter(({ type }) => type === 'approval')).toMatchObject([
      { call: { name: 'write', arguments: '{}' }, reason: 'approval' },
    ]);
    expect(finish).toMatchObject({ reason: 'tool_calls', stop: null });
    expect([asked.length, execute.mock.calls.length]).toEqual([1, 0]);
  });

  it('executes a call with the key and the arguments it was given', async () => {
    const heard: unknown[] = [];
    const write = tool('write', {
      execute: (input, { idempotencyKey }) => Promise.resolve(heard.push([input, idempotencyKey])),
    });
    const claiming = (claim: Claim): Journal =>
      Object.assign(new KeptJournal(), { claim: () => Promise.resolve(claim) });
    const { next } = scripted(calls({ name: 'write', args: '{"n":1}' }), says('Done.'));
    await told(loop(next, [write], { journal: claiming({ key: 'key-1', arguments: '{"n":2}' }) }));
    expect(heard).toEqual([[{ n: 2 }, 'key-1']]);
    const result: ToolResult = { content: 'Not approved.', isError: true, truncated: false, durationMs: 0, cost: 0n };
    const rejected = scripted(calls({ name: 'write' }), says('Done.'));
    const { results } = await told(loop(rejected.next, [write], { journal: claiming({ result }) }));
    expect([heard.length, results[0]?.content]).toEqual([1, 'Not approved.']);
  });
});
