/** PostgreSQL's text search configurations by ISO 639-1 code. */
const CONFIGURATIONS: Record<string, string> = {
  ar: 'arabic',
  ca: 'catalan',
  da: 'danish',
  de: 'german',
  el: 'greek',
  en: 'english',
  es: 'spanish',
  eu: 'basque',
  fi: 'finnish',
  fr: 'french',
  ga: 'irish',
  hi: 'hindi',
  hu: 'hungarian',
  hy: 'armenian',
  id: 'indonesian',
  it: 'italian',
  lt: 'lithuanian',
  ne: 'nepali',
  nl: 'dutch',
  no: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sr: 'serbian',
  sv: 'swedish',
  ta: 'tamil',
  tr: 'turkish',
};

/** Words that are frequent in one language and rare in the others. */
const FREQUENT: Record<string, string> = {
  da: 'og af ikke det til med blev være også jeg',
  de: 'und der die das nicht ist mit von auf eine wird sich dem auch',
  en: 'the and of to that is with this are be for it not',
  es: 'el los las que por con una para como más pero del',
  fi: 'ja on ei että se oli mutta ovat myös kun',
  fr: 'les des est une dans pour que qui sur pas avec sont aux',
  it: 'il di che per una sono con non della gli nel anche',
  nl: 'het een van niet zijn voor met dat ook wordt aan',
  no: 'og ikke det til med ble være også jeg fra',
  pt: 'os uma não para com por mais dos das também são ao',
  ru: 'и в не на что с по это как для из',
  sv: 'och att det är som för inte av med den till',
};
const LANGUAGES = Object.entries(FREQUENT).map(([language, words]) => [language, new Set(words.split(' '))] as const);

const SAMPLE = { characters: 20_000, leastWords: 5 };
/** In running text about a third of all words are frequent ones; in tables, lists and code there are hardly any. */
const LEAST_SHARE = 0.08;

/** The language of a text as ISO 639-1 code, judged by its frequent words; null when that is not clear. */
export function languageOf(text: string): string | null {
  // The beginning may be a title page or a table of contents.
  const from = Math.max(0, Math.min(Math.floor(text.length / 3), text.length - SAMPLE.characters));
  const words =
    text
      .slice(from, from + SAMPLE.characters)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [];
  if (words.length < SAMPLE.leastWords) return null;
  const shares = LANGUAGES.map(([language, frequent]) => ({
    language,
    share: words.filter((word) => frequent.has(word)).length / words.length,
  }));
  const [best, second] = shares.sort((a, b) => b.share - a.share);
  return best && best.share >= LEAST_SHARE && best.share > (second?.share ?? 0) ? best.language : null;
}

/** The configuration for a language tag such as `en` or `pt-BR`; `simple`, which takes words as they are, for any other. */
export const configurationOf = (language: string | null): string =>
  CONFIGURATIONS[language?.toLowerCase().split(/[-_]/)[0] ?? ''] ?? 'simple';
