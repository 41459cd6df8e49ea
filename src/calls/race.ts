import { type Target } from '../providers/providers.service';
import { type ModelEvent } from '../providers/providers.types';
import { type Attempt, RaceLost } from './attempt';

/** An attempt whose answer has begun, and what it has said so far. */
export interface Begun {
  attempt: Attempt;
  events: ModelEvent[];
}

/** One target of a race. */
export interface Lane {
  target: Target;
  lane: AbortController;
  begun: Promise<Begun | null>;
}

/** The first that answered; null when none did. Throws the first error once all are over without an answer. */
export async function firstOf(asked: readonly Promise<Begun | null>[]): Promise<Begun | null> {
  const answered = asked.map((each) => each.then((begun) => begun ?? Promise.reject(new RaceLost())));
  const first = await Promise.any(answered).catch(() => null);
  // All are over, so that a mistake of ours or a caller who left is told rather than taken for silence.
  return first ?? (await Promise.all(asked)).find((begun) => begun !== null) ?? null;
}
