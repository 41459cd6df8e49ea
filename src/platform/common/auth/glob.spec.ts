import fc from 'fast-check';
import { matchesGlob } from './glob';

describe('matchesGlob', () => {
  it.each([
    ['openai/*', 'openai/gpt-4o', true],
    ['openai/*', 'openrouter/openai/gpt-4o', false],
    ['openrouter/*', 'openrouter/openai/gpt-4o', true],
    ['*/gpt-4o', 'openrouter/openai/gpt-4o', true],
    ['openai/gpt-4o', 'openai/gpt-4o-mini', false],
    ['openai/gpt-4o*', 'openai/gpt-4o', true],
    ['*', '', true],
    ['demo/ech?', 'demo/echo', false],
    ['demo/.*', 'demo/echo', false],
    ['', 'demo/echo', false],
  ])('%p and %p: %p', (glob, text, matches) => {
    expect(matchesGlob(glob, text)).toBe(matches);
  });

  it('says the same as the regular expression it stands for', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
    fc.assert(
      fc.property(few, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), (glob, text) => {
        expect(matchesGlob(glob, text)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text));
      }),
    );
  });

  it('is done with a hostile pattern at once', () => {
    expect(matchesGlob('*a'.repeat(100), 'a'.repeat(99) + 'b'.repeat(10_000))).toBe(false);
  });
});
