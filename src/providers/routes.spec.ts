import fc from 'fast-check';
import { AccessRules } from '../platform/common/auth/access-rules';
import { type Target } from './plan';
import { type Provider } from './provider';
import { RecentTimes } from './recent-times';
import { Route, shuffled } from './routes';

const target = (id: string): Target => ({ id, provider: {} as Provider, model: id, info: null, timeoutMs: null });
const settings = {
  targets: [
    { model: 'a/1', weight: 3, timeout: 500 },
    { model: 'b/2', weight: 1 },
    { model: 'c/3', weight: 1 },
  ],
  on_context_overflow: ['d/4'],
  on_content_filter: 'stop' as const,
};
const route = (strategy: 'fallback' | 'weighted' | 'fastest' | 'race') =>
  new Route('r', { ...settings, strategy }, target);
const order = (steps: readonly (readonly Target[])[]) => steps.map((step) => step.map(({ id }) => id));

describe('Route', () => {
  it('asks in the order written, or all at once', () => {
    const times = new RecentTimes();
    expect(order(route('fallback').plan(times, AccessRules.NONE).steps)).toEqual([['a/1'], ['b/2'], ['c/3']]);
    expect(order(route('race').plan(times, AccessRules.NONE).steps)).toEqual([['a/1', 'b/2', 'c/3']]);
  });

  it('keeps time limits and the targets with more room', () => {
    const plan = route('fallback').plan(new RecentTimes(), AccessRules.NONE);
    expect(plan.steps.flat().map(({ timeoutMs }) => timeoutMs)).toEqual([500, null, null]);
    expect(plan.overflow.map(({ id }) => id)).toEqual(['d/4']);
  });

  it('leaves out whom the caller may not use, unless it is allowed by its own name', () => {
    const plan = (allowed_models: string[]) =>
      route('fallback').plan(
        new RecentTimes(),
        new AccessRules([{ allowed_models, max_tokens_per_request: null, allowed_ips: null }]),
      );
    expect(order(plan(['b/*', 'c/*']).steps)).toEqual([['b/2'], ['c/3']]);
    expect(plan(['b/*']).overflow).toEqual([]);
    expect(plan(['r']).steps).toHaveLength(3);
    expect(plan(['d/*']).steps).toEqual([]);
  });

  it('asks the fastest first, but before it those nobody has measured', () => {
    const times = new RecentTimes();
    for (const ms of [100, 900, 110]) times.add('a/1', ms);
    times.add('b/2', 60);
    expect(order(route('fastest').plan(times, AccessRules.NONE).steps)).toEqual([['c/3'], ['b/2'], ['a/1']]);
  });
});

describe('shuffled', () => {
  const weighted = fc.array(fc.record({ weight: fc.double({ min: 0.001, max: 1000, noNaN: true }) }), { maxLength: 8 });
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('gives everyone, each once', () => {
    const property = fc.property(weighted, fc.infiniteStream(fraction), (targets, numbers) => {
      const drawn = shuffled(targets, () => numbers.next().value as number);
      expect(new Set(drawn)).toEqual(new Set(targets));
      expect(drawn).toHaveLength(targets.length);
    });
    fc.assert(property);
  });

  it('draws the first by weight', () => {
    const targets = [{ weight: 3 }, { weight: 1 }];
    const at = (number: number) => shuffled(targets, () => number)[0];
    expect([0, 0.5, 0.74].map(at)).toEqual([targets[0], targets[0], targets[0]]);
    expect([0.75, 0.99].map(at)).toEqual([targets[1], targets[1]]);
  });
});
