import fc from 'fast-check';
import { Markers, type Piece } from './markers';

/** Sources 1 to 3 are there. */
const given = (number: number) => number >= 1 && number <= 3;

/** Reads a text that comes in `deltas`. */
function read(deltas: readonly string[]): { text: string; cites: number[][]; ends: number[]; held: number } {
  const markers = new Markers(given);
  const pieces: Piece[] = [];
  let [held, heard] = [0, 0];
  const length = () => pieces.reduce((sum, { text }) => sum + text.length, 0);
  for (const delta of deltas) {
    pieces.push(...markers.push(delta));
    heard += delta.length;
    if (!/\[[^\]]*\d/.test(deltas.join(''))) held = Math.max(held, heard - length());
  }
  pieces.push(...markers.end());
  const ends: number[] = [];
  let at = 0;
  for (const { text, cites } of pieces) {
    at += text.length;
    if (cites) ends.push(at);
  }
  return {
    text: pieces.map(({ text }) => text).join(''),
    cites: pieces.flatMap(({ cites }) => (cites ? [[...cites]] : [])),
    ends,
    held,
  };
}
const whole = (text: string) => read([text]);

/** Cuts a text at any places. */
const cutAnywhere = (text: string, places: readonly number[]): string[] => {
  const cuts = [...new Set([0, ...places.map((place) => place % (text.length + 1)), text.length])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((cut, i) => text.slice(cuts[i], cut));
};

const scrap = fc.constantFrom(
  ...[
    '[',
    ']',
    '[1]',
    '[2, 3]',
    '[9]',
    '[1,9]',
    '(',
    ')',
    '!',
    '\\',
    ':',
    '`',
    '``',
    '```',
    '~~~',
    '\n',
    '\n\n',
    ' ',
    '  ',
  ],
  ...['a', 'word', '1', '12', '2024', ',', ';', '. ', '🎈', '首', '"', '[1](http://x.example)', '[^1]', '- '],
);
const anything = fc.array(fc.oneof(scrap, fc.string({ maxLength: 4 })), { maxLength: 25 }).map((all) => all.join(''));

describe('markers', () => {
  it('are the same however the text is cut', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        expect({ ...read(cutAnywhere(text, places)), held: 0 }).toEqual({ ...whole(text), held: 0 });
      }),
      { numRuns: 3_000 },
    );
  });

  it('leave the text as it is where all their numbers were given, and take out those that were not', () => {
    const word = fc.constantFrom('The sky is blue', 'so it is', 'Paris', '首都是巴黎', 'x = 1', 'he said "yes"');
    const number = fc.integer({ min: 0, max: 6 });
    const marker = fc.tuple(fc.array(number, { minLength: 1, maxLength: 4 }), fc.constantFrom(', ', ',', '; '));
    const sentence = fc.tuple(word, fc.array(marker, { maxLength: 3 }), fc.constantFrom('.', '. ', '\n', ', '));
    fc.assert(
      fc.property(fc.array(sentence, { maxLength: 6 }), (sentences) => {
        let [written, expected] = ['', ''];
        const cites: number[][] = [];
        for (const [words, markers, end] of sentences) {
          written += words + (markers.length > 0 ? ' ' : '');
          let kept = '';
          for (const [numbers, comma] of markers) {
            written += `[${numbers.join(comma)}]`;
            const known = [...new Set(numbers.filter(given))];
            if (known.length > 0) cites.push(known);
            if (numbers.every(given)) kept += `[${numbers.join(comma)}]`;
            else if (known.length > 0) kept += `[${known.join(', ')}]`;
          }
          written += end;
          expected += words + (kept && ` ${kept}`) + end;
        }
        expect(whole(written)).toMatchObject({ text: expected, cites });
      }),
      { numRuns: 1_000 },
    );
  });

  it('hold nothing back but an unfinished bracket and the blank before it', () => {
    const text = fc.array(fc.constantFrom('word', ' ', '.', '\n', '🎈', '`', '(', ']'), { maxLength: 30 });
    fc.assert(
      fc.property(text, (deltas) => {
        expect(read(deltas).held).toBeLessThanOrEqual(1);
      }),
    );
    const markers = new Markers(given);
    const left = [...`See [${' '.repeat(100)}`].flatMap((unit) => markers.push(unit)).map(({ text }) => text);
    expect(left.join('').length).toBeGreaterThan(100 - 34);
  });

  it('are none in code', () => {
    const code = fc.array(fc.constantFrom('a[9]', ' [9]', '[1, 9]', 'let x = [9];', ' ', '\n', '# '), {
      maxLength: 10,
    });
    const fence = fc.constantFrom(
      ['```', '```'],
      ['```ts', '```'],
      ['~~~', '~~~'],
      ['````', '````  '],
      ['- ```', '  ```'],
    );
    fc.assert(
      fc.property(code, fence, (lines, [open, close]) => {
        const block = `Before [1].\n${open}\n${lines.join('')}\n${close}\nAfter [9].`;
        const { text, cites } = whole(block);
        expect(text).toBe(block.replace('After [9]', 'After'));
        expect(cites).toEqual([[1]]);
      }),
    );
  });

  it.each([
    // what is left as it is, and cites nothing
    ['`xs[9]` and `[9]`', '`xs[9]` and `[9]`', []],
    ['``a ` [9]`` b', '``a ` [9]`` b', []],
    ['```[9]``` b', '```[9]``` b', []],
    ['[1](https://a.example) and [9](https://b.example)', '[1](https://a.example) and [9](https://b.example)', []],
    ['![1] \\[9] [^9] [ ] [x] []', '![1] \\[9] [^9] [ ] [x] []', []],
    ['[1]: https://a.example\n[9]: https://b.example', '[1]: https://a.example\n[9]: https://b.example', []],
    ['in [2024] and [12345]', 'in [2024] and [12345]', []],
    ['argv[9], f(x)[7] and m[9][8]', 'argv[9], f(x)[7] and m[9][8]', []],
    ['unfinished [1', 'unfinished [1', []],
    // what cites
    ['Paris[1].', 'Paris[1].', [[1]]],
    ['Paris [1][2].', 'Paris [1][2].', [[1], [2]]],
    ['Paris [ 1 , 2 ].', 'Paris [ 1 , 2 ].', [[1, 2]]],
    ['as follows [1]: so', 'as follows [1]: so', [[1]]],
    ['a lone ` in a line [9]\nand [1]', 'a lone ` in a line [9]\nand [1]', [[1]]],
    // what is taken out
    ['Paris [9].', 'Paris.', []],
    ['Paris [9][1].', 'Paris [1].', [[1]]],
    ['Paris [1][9].', 'Paris [1].', [[1]]],
    ['Paris [9] [8] is', 'Paris is', []],
    ['Paris [1, 9, 2].', 'Paris [1, 2].', [[1, 2]]],
    ['Paris [0].', 'Paris.', []],
  ])('%s', (text, left, cites) => {
    expect(whole(text)).toMatchObject({ text: left, cites });
  });
});
