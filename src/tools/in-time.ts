import { createContext, Script } from 'node:vm';
import { ToolError } from './tools.errors';

/** Schemas are not ours: a small one can take longer than the universe is old. */
const MOST_MS = 500;
const context = createContext({ work: undefined as unknown });
const script = new Script('work()');

/**
 * What `work` returns, if it does so in time. A function that runs is ended from outside, wherever it is: its `finally`
 * blocks don't run. Nothing may be awaited in it. Throws what it throws, and ToolError when it took too long.
 * @param what took too long, for the model
 */
export function inTime<T>(work: () => T, what: string): T {
  const before = context['work'] as unknown; // it may be called by itself
  context['work'] = work;
  try {
    return script.runInContext(context, { timeout: MOST_MS }) as T;
  } catch (error) {
    if (isTimeout(error)) throw new ToolError(`${what} took too long.`);
    throw error;
  } finally {
    context['work'] = before;
  }
}

const isTimeout = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
