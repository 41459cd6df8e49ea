import { type AccessRules } from '../platform/common/auth/access-rules';
import { type RouteSettings } from '../platform/config/parley-yaml';
import { type Plan, type Target } from './plan';
import { type RecentTimes } from './recent-times';

interface WeightedTarget extends Target {
  weight: number;
}

/** A name callers use as a model, and the targets behind it. */
export class Route {
  private readonly targets: readonly WeightedTarget[];
  readonly overflow: readonly Target[];

  /** @param find throws for a target that can't be had; told where in the route it stands */
  constructor(
    readonly name: string,
    private readonly settings: RouteSettings,
    find: (model: string, where: PropertyKey[]) => Target,
  ) {
    this.targets = settings.targets.map(({ model, timeout, weight }, i) => ({
      ...find(model, ['targets', i, 'model']),
      timeoutMs: timeout ?? null,
      weight,
    }));
    this.overflow = settings.on_context_overflow.map((model, i) => find(model, ['on_context_overflow', i]));
  }

  /** All it may ask. */
  get all(): readonly Target[] {
    return [...this.targets, ...this.overflow];
  }

  /** Those a caller may have asked: all when the route is allowed by its name, else the targets allowed by theirs. */
  private allowed<T extends Target>(targets: readonly T[], rules: AccessRules): readonly T[] {
    return rules.allowsModel(this.name) ? targets : targets.filter(({ id }) => rules.allowsModel(id));
  }

  /** Whether there is anybody the caller may have asked. */
  isOpenTo(rules: AccessRules): boolean {
    return this.allowed(this.targets, rules).length > 0;
  }

  /** The order differs from call to call. Without steps when the caller may ask none of the targets. */
  plan(times: RecentTimes, rules: AccessRules): Plan {
    const targets = this.allowed(this.targets, rules);
    const one = (target: Target) => [target];
    const { strategy, on_content_filter } = this.settings;
    const steps = {
      fallback: () => targets.map(one),
      weighted: () => shuffled(targets, Math.random).map(one),
      fastest: () => fastestFirst(targets, times).map(one),
      race: () => (targets.length > 0 ? [targets] : []),
    }[strategy]();
    return { steps, overflow: this.allowed(this.overflow, rules), pastFilter: on_content_filter === 'next' };
  }
}

/**
 * Drawn one by one, each with a chance as large as its share of the weight that is left.
 * @param random numbers from 0 to below 1
 */
export function shuffled<T extends { weight: number }>(targets: readonly T[], random: () => number): T[] {
  const left = [...targets];
  const drawn: T[] = [];
  while (left.length > 0) {
    let at = random() * left.reduce((sum, { weight }) => sum + weight, 0);
    const index = left.findIndex(({ weight }) => (at -= weight) < 0);
    drawn.push(...left.splice(index === -1 ? left.length - 1 : index, 1));
  }
  return drawn;
}

/** Those not measured of late come first, so that they are. */
const fastestFirst = <T extends Target>(targets: readonly T[], times: RecentTimes): T[] =>
  [...targets].sort((a, b) => (times.median(a.id) ?? 0) - (times.median(b.id) ?? 0));
