import { type Changes } from './audit.types';

/** What differs, of the attributes named. A thing that is made has no before, one that goes no after. */
export function changesOf<T extends object>(
  before: Partial<T> | null,
  after: Partial<T> | null,
  attributes: readonly (keyof T & string)[],
): Changes {
  const pairs = attributes.map(
    (name) => [name, { before: before?.[name] ?? null, after: after?.[name] ?? null }] as const,
  );
  return Object.fromEntries(pairs.filter(([, pair]) => JSON.stringify(pair.before) !== JSON.stringify(pair.after)));
}
