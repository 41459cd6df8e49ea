import { readSources } from '../../sources.codec';

const NOTHING = 'The documents do not contain an answer to this.';
/** Sentences quoted, at most. */
const MOST = 3;
/** Of the best sentence's score, what the others must reach. */
const WORTH = 0.6;
const LONGEST = 600;
const COMMON = new Set(
  'the and for are was were what which who whom when where why how does did can could should would will with from that this these those there their have has had not but its into about'.split(
    ' ',
  ),
);

interface Sentence {
  source: number;
  text: string;
  words: ReadonlySet<string>;
}

/**
 * Quotes the sentences of the numbered sources that have most of the question's words in them, rare ones counting more:
 * word matching, no language model. Null when the message has no sources.
 */
export function extract(message: string): string | null {
  const sources = readSources(message);
  if (!sources) return null;
  const question = wordsOf(questionAfter(message));
  const sentences = sources.flatMap(sentencesOf);
  const weight = (word: string) =>
    Math.log(1 + sentences.length / (1 + sentences.filter(({ words }) => words.has(word)).length));
  const scored = sentences
    .map((sentence) => ({
      ...sentence,
      score: [...question].reduce((sum, word) => sum + (sentence.words.has(word) ? weight(word) : 0), 0),
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.source - b.source);
  const least = (scored[0]?.score ?? 0) * WORTH;
  const best = scored.filter(({ score }) => score >= least).slice(0, MOST);
  return best.length === 0 ? NOTHING : best.map(({ text, source }) => `“${text}” [${source}]`).join('\n');
}

/** The question stands after the last mark. */
const questionAfter = (message: string) =>
  message.slice(message.lastIndexOf('</source ')).replace(/^<\/source [^>]*>/, '');

function sentencesOf({ number, text }: { number: number; text: string }): Sentence[] {
  const pieces = withoutCode(text)
    .split(/(?<=[.!?])\s+|\n\s*\n|\n(?=[#*\-|])/u)
    .map((piece) => piece.replace(/\s+/g, ' ').trim());
  return pieces
    .filter((piece) => piece.length >= 12 && piece.length <= LONGEST && !/[“”]|\[\d|```/u.test(piece)) // neither would come through whole
    .map((piece) => ({ source: number, text: piece, words: wordsOf(piece) }));
}

/** Fenced blocks are no sentences. */
const withoutCode = (text: string) => text.replace(/^ *(```|~~~)[^]*?(?:^ *\1|(?![^]))/gm, '\n\n');

/** Longer words in lower case, without their commonest endings. */
const wordsOf = (text: string): Set<string> =>
  new Set(
    (text.toLowerCase().match(/[\p{L}\p{N}_]{3,}/gu) ?? [])
      .filter((word) => !COMMON.has(word))
      .map((word) => word.replace(/(?<=\p{L}{3})(ing|ed|es|s)$/u, '')),
  );
