import { Parser } from 'expr-eval-fork';
import { z } from 'zod';
import { defineTool } from '../define-tool';
import { ToolError } from '../tools.errors';

/** No assignments and no functions of its own: what is evaluated always ends. */
const parser = new Parser({
  allowMemberAccess: false,
  operators: { assignment: false, fndef: false, concatenate: false, random: false },
});
/** Nothing but numbers goes in and comes out, and never something else the next time. */
const NO_ARITHMETIC = ['random', 'map', 'fold', 'filter', 'join', 'indexOf', 'if'];
const functions = Object.entries(parser.functions as Record<string, unknown>).filter(
  ([name]) => !NO_ARITHMETIC.includes(name),
);
/** Without what every object inherits, such as `toString`. */
parser.functions = Object.assign(Object.create(null) as object, Object.fromEntries(functions));
const LONGEST = 1_000;

export const calculator = defineTool({
  name: 'calculator',
  description:
    'Evaluates one arithmetic expression exactly as written and returns the number. Knows + - * / % ^, comparison, ' +
    'sqrt, abs, round, floor, ceil, min, max, log, ln, exp, sin, cos, tan, PI and E.',
  input: z.object({
    expression: z.string().min(1).max(LONGEST).describe('For example (3 + 4) * 2 ^ 10'),
  }),
  sideEffects: 'none',
  execute: ({ expression }) => {
    const value = evaluate(expression);
    if (typeof value !== 'number' && typeof value !== 'boolean') throw new ToolError('The result is not a number.');
    if (typeof value === 'number' && !Number.isFinite(value)) throw new ToolError('The result is not a finite number.');
    return String(value);
  },
});

function evaluate(expression: string): unknown {
  try {
    return parser.evaluate(expression);
  } catch (error) {
    throw new ToolError(`This can't be calculated: ${(error as Error).message}`);
  }
}
