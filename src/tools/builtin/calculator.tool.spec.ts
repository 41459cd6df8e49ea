import fc from 'fast-check';
import { type ToolExecution } from '../tools.types';
import { calculator } from './calculator.tool';

const calculate = (expression: string) =>
  calculator.execute({ expression }, {} as ToolExecution, new AbortController().signal);

describe('the calculator', () => {
  it.each([
    ['(3 + 4) * 2 ^ 10', '7168'],
    ['10 % 4', '2'],
    ['sqrt(16) + abs(-2)', '6'],
    ['max(1, 5, 3)', '5'],
    ['2 ^ 0.5', String(Math.SQRT2)],
    ['1 < 2', 'true'],
    ['0.1 + 0.2', String(0.1 + 0.2)],
    ['round(PI * 100) / 100', '3.14'],
  ])('%s is %s', async (expression, result) => expect(await calculate(expression)).toBe(result));

  it.each([
    ...['constructor', '__proto__', 'toString', 'hasOwnProperty("a")', 'valueOf()', '__defineGetter__("a", 1)'],
    ...[
      '"a".constructor',
      '[].constructor',
      '(1).constructor',
      'sqrt.constructor("return process")()',
      'PI.toFixed(2)',
    ],
    ...['sqrt["constructor"]', '[1][0].x', 'x = 1', 'f(x) = x', 'process', 'globalThis', 'this', 'require("fs")'],
    ...['import("fs")', 'random()', '1 +', '()', '2 2', '1 / 0', '-1 / 0', '0 / 0', 'sqrt(-1)', '170!^9', '9^9^9^9'],
    ...['fac(1000000000)', '1e999', '"a" || "b"', '"a"', '[1, 2]', 'sin', '`a`', '${1}', '\0', '🙂'],
  ])('says what is wrong with %j', async (expression) => {
    await expect(calculate(expression)).rejects.toMatchObject({ name: 'ToolError' });
  });

  it.each([
    ['brackets', '('.repeat(499) + '1' + ')'.repeat(499)],
    ['open brackets', '('.repeat(1000)],
    ['signs', '-'.repeat(999) + '1'],
    ['powers', '9^'.repeat(499) + '9'],
    ['factorials', '3' + '!'.repeat(999)],
    ['large factorials', '99999999!+'.repeat(99) + '1'],
    ['functions', 'sqrt('.repeat(199) + '2' + ')'.repeat(199)],
    ['lists', '['.repeat(499) + ']'.repeat(499)],
    ['conditions', '1?'.repeat(333) + '1'],
    ['texts', '"' + 'a'.repeat(998) + '"'],
    ['commas', '1,'.repeat(499) + '1'],
    ['digits', '9'.repeat(1000)],
    ['maps', 'map(fac, [170,170,170,170,170,170,170,170,170,170,170,170])'],
    ['joins', 'join(",", [join(",", [1,2,3]), join(",", [1,2,3])])'],
  ])('ends with a thousand characters of %s', async (_, expression) => {
    const outcome = await calculate(expression).catch((error: unknown) => (error as Error).name);
    expect(['ToolError', expect.any(String)]).toContainEqual(outcome);
    expect(outcome).not.toMatch(/RangeError|TypeError/);
  });

  it('ends with anything, in a result or in an error that is told', async () => {
    const token = fc.constantFrom(
      ...['1', '2.5', 'PI', '+', '-', '*', '/', '^', '%', '!', '(', ')', ',', '?', ':', '[', ']', '"', "'", '.', 'x'],
      ...[
        'sqrt',
        'fac',
        'map',
        'fold',
        'filter',
        'join',
        'indexOf',
        'gamma',
        'if',
        'not',
        'and',
        'or',
        'in',
        '=',
        '==',
      ],
      ...['length', 'constructor', '__proto__', 'pyt', 'roundTo', ' '],
    );
    const expression = fc.oneof(
      fc.array(token, { maxLength: 60 }).map((all) => all.join('')),
      fc.string({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(expression, async (text) => {
        const outcome = await calculate(text || '1').catch((error: unknown) => error);
        expect(typeof outcome === 'string' || (outcome as Error).name === 'ToolError').toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
