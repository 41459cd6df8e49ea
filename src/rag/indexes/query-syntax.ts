/** What a query asks of full text. */
export interface TextQuery {
  /** All it is to be found by, the words of its phrases included. */
  words: string;
  /** Each must be there, word for word. */
  phrases: string[];
  /** Words that may not be there, in any of their forms. */
  excluded: string[];
  /** May not be there, word for word. */
  excludedPhrases: string[];
}

/** A quoted phrase, perhaps excluded, or what stands between spaces; a quote that is never closed is an ordinary character. */
const TOKENS = /(?<=^|\s)(-?)(?:"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»)|\S+/gu;
/** A pasted page is no question: what comes after so many words is not looked for. */
const MOST_WORDS = 100;
const LETTERS = String.raw`\p{L}\p{N}\p{M}`;
const WORDS = new RegExp(`[${LETTERS}]+`, 'gu');
const wordsOf = (text: string): string[] => text.match(WORDS) ?? [];

/** Reads `any of these "these together" -not -"nor this"`. A dash excludes only where a word begins. */
export function toTextQuery(query: string): TextQuery {
  const told: TextQuery = { words: '', phrases: [], excluded: [], excludedPhrases: [] };
  const words: string[] = [];
  for (const [token, dash, ...quoted] of [...query.matchAll(TOKENS)].slice(0, MOST_WORDS)) {
    const phrase = quoted.find(Boolean);
    const excluded =
      phrase === undefined ? wordsOf(token.slice(0, 2)).length > 0 && token.startsWith('-') : dash === '-';
    const text = phrase ?? (excluded ? token.slice(1) : token);
    const [first, ...more] = wordsOf(text);
    if (first === undefined) continue;
    if (!excluded) words.push(text);
    else if (phrase !== undefined || more.length > 0) told.excludedPhrases.push(text);
    else told.excluded.push(first);
    if (phrase !== undefined && !excluded) told.phrases.push(phrase);
  }
  return { ...told, words: words.join(' ').split(/\s+/u).slice(0, MOST_WORDS).join(' ') };
}

/** Reads a text of which every word is only a word. */
export const plainQuery = (text: string): TextQuery => ({
  words: text.trim().split(/\s+/u).slice(0, MOST_WORDS).join(' '),
  phrases: [],
  excluded: [],
  excludedPhrases: [],
});

/** Whether one of the texts has the words of the phrase one after the other, in whatever case, with nothing but punctuation between. */
export function hasPhrase(texts: readonly string[], phrase: string): boolean {
  const words = wordsOf(phrase).join(`[^${LETTERS}]+`);
  const pattern = new RegExp(`(?<![${LETTERS}])${words}(?![${LETTERS}])`, 'iu');
  return texts.some((text) => pattern.test(text));
}
