import { Injectable } from '@nestjs/common';
import { type Scope, type Scored } from '../search.types';
import { rank, rarity } from './bm25';
import { LexicalRepository, type TextGroup, type Wanted } from './lexical.repository';
import { hasPhrase, type TextQuery } from './query-syntax';

/** Chunks whose texts are read at a time, to see whether they have a phrase. */
const READ = 500;
/** Of the chunks with all words of a phrase, how many are read at most. */
const MOST_READ = 10_000;

/** Full text: chunks with any of the words, by BM25 within what a search may see. */
@Injectable()
export class TextIndexService {
  constructor(private readonly lexical: LexicalRepository) {}

  /** Best first; scores are shares of the most a chunk could get for the query in its index and language. */
  async search(scope: Scope, query: TextQuery, limit: number): Promise<Scored[]> {
    const groups = await this.lexical.groups(scope, query);
    const wanted = groups.flatMap(wantedOf);
    if (!wanted.some(({ demand }) => demand !== 'excluded')) return [];
    const terms = await this.lexical.terms(scope, wanted);
    const most = hasPhrases(query) ? MOST_READ : limit;
    const hits = groups
      .flatMap((group) => {
        const own = terms.filter((_, i) => wanted[i]?.group === group);
        const among = own.find((term) => term.among)?.among;
        return among ? rank(own, among, most) : [];
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, most);
    return this.keeping(await this.lexical.chunksAt(hits), query, limit);
  }

  /** What each word of a query tells, by how rare it is among what a search may see; what no language looks for tells nothing. */
  async weightsOf(scope: Scope, words: readonly string[]): Promise<Map<string, number>> {
    const { chunks, of } = await this.lexical.frequencies(scope, words);
    return new Map(words.map((word) => [word, rarity(of.get(word) ?? chunks, chunks)]));
  }

  /** The first `limit` of chunks found otherwise that have all phrases of the query and nothing that it excludes. */
  async obeying(found: readonly Scored[], query: TextQuery, limit: number): Promise<Scored[]> {
    if (query.excluded.length === 0) return this.keeping(found, query, limit);
    const barred = await this.lexical.withAnyOf(
      found.map(({ chunkId }) => chunkId),
      query.excluded,
    );
    const allowed = found.filter(({ chunkId }) => !barred.has(chunkId));
    return this.keeping(allowed, query, limit);
  }

  /** Those that are as the query's phrases demand. */
  private async keeping(found: readonly Scored[], query: TextQuery, limit: number): Promise<Scored[]> {
    if (!hasPhrases(query)) return found.slice(0, limit);
    const kept: Scored[] = [];
    for (let from = 0; from < found.length && kept.length < limit; from += READ) {
      const some = found.slice(from, from + READ);
      const texts = await this.lexical.textsOf(some.map(({ chunkId }) => chunkId));
      kept.push(
        ...some.filter(({ chunkId }) => {
          const own = texts.get(chunkId) ?? [];
          return (
            query.phrases.every((phrase) => hasPhrase(own, phrase)) &&
            !query.excludedPhrases.some((phrase) => hasPhrase(own, phrase))
          );
        }),
      );
    }
    return kept.slice(0, limit);
  }
}

const hasPhrases = ({ phrases, excludedPhrases }: TextQuery) => phrases.length > 0 || excludedPhrases.length > 0;

/** A chunk with a phrase has all its lexemes. */
function wantedOf(group: TextGroup): Wanted[] {
  const required = new Set(group.phrases.flat());
  const excluded = new Set(group.excluded.flat());
  const all = new Set([...required, ...group.words, ...excluded]);
  return [...all].map((lexeme) => ({
    group,
    lexeme,
    demand: excluded.has(lexeme) ? 'excluded' : required.has(lexeme) ? 'required' : 'any',
  }));
}
