import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Transaction } from '../../platform/database/transaction';
import { type Scope, type Scored } from '../search.types';
import { type Statistics, type Term, type TextHit } from './bm25';
import { Parameters } from './parameters';
import { type TextQuery } from './query-syntax';
import { visibleDocuments } from './visible';

/** How often a lexeme counts for standing in the title of a document, or in a heading that a chunk stands under. */
const WEIGHTS = { title: 2, heading: 2 };
/** Of one search. The words beyond are the commonest, and tell the least. */
const MOST_POSTINGS = 1_000_000;

/** Texts of one language in one index: searched with the same lexemes, compared by the same statistics. */
export interface TextGroup {
  indexId: string;
  configuration: string;
  /** Of the words; of each phrase; of each exclusion. */
  words: string[];
  phrases: string[][];
  excluded: string[][];
}

/** A lexeme looked for in a group. */
export interface Wanted {
  group: TextGroup;
  lexeme: string;
  demand: Term['demand'];
}

/** `among`: what there was to be found at the same moment; null when none of it was. */
export type FoundTerm = Term & { among: Statistics | null };

interface GroupRow {
  index_id: string;
  configuration: string;
  asked: string[][];
}

/** The postings of every index. Its statistics are not stored but counted, over what a search may see. */
@Injectable()
export class LexicalRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** A document without words as yet. Returns the id of its row, under which they will stand. */
  async begin(tx: Transaction, indexId: string, documentId: string, configuration: string): Promise<string> {
    const [row] = await tx.query<{ id: string }[]>(
      `INSERT INTO indexed_documents (index_id, document_id, configuration, chunks, lexemes)
       VALUES ($1, $2, coalesce((SELECT cfgname::text FROM pg_ts_config WHERE cfgname = $3), 'simple'), 0, 0)
       RETURNING id`,
      [indexId, documentId, configuration],
    );
    if (!row) throw new Error('an insert returned nothing');
    return row.id;
  }

  /** Writes the postings of a document whose chunks are written. */
  async write(tx: Transaction, sourceId: string, title: string): Promise<void> {
    await tx.query(
      `WITH known AS (SELECT index_id, document_id, configuration AS name FROM indexed_documents WHERE id = $1),
       here AS (SELECT ordinal, heading_path, text FROM known JOIN chunks USING (index_id, document_id)),
       words AS MATERIALIZED (
         SELECT ordinal, lexeme, cardinality(positions) AS times
         FROM known, here, unnest(to_tsvector(name::regconfig, text))),
       lengths AS (SELECT ordinal, sum(times) AS length FROM words GROUP BY ordinal),
       frequencies AS (
         SELECT ordinal, lexeme, sum(times) AS times FROM (
           SELECT * FROM words
           UNION ALL
           SELECT ordinal, lexeme, ${WEIGHTS.heading} * cardinality(positions)
           FROM known, here, unnest(to_tsvector(name::regconfig, array_to_string(heading_path, ' ')))
           UNION ALL
           SELECT ordinal, lexeme, ${WEIGHTS.title} * cardinality(positions)
           FROM known, here, unnest(to_tsvector(name::regconfig, $2))
         ) AS all_of_it GROUP BY ordinal, lexeme),
       counted AS (
         UPDATE indexed_documents SET chunks = (SELECT count(*) FROM here),
           lexemes = (SELECT coalesce(sum(length), 0) FROM lengths)
         WHERE id = $1)
       INSERT INTO postings (term, source_id, entries)
       SELECT posting_term(index_id, name, lexeme), $1, string_agg(
         int8send((ordinal::bigint << 32) | (least(times, 65535)::bigint << 16) | least(coalesce(length, 0), 65535)::bigint),
         ''::bytea ORDER BY ordinal)
       FROM known, frequencies LEFT JOIN lengths USING (ordinal)
       GROUP BY index_id, name, lexeme`,
      [sourceId, title],
    );
  }

  /** What a search may see, by index and language, with the query as each language has it. */
  async groups(scope: Scope, query: TextQuery): Promise<TextGroup[]> {
    const parameters = new Parameters();
    const rows = await this.db.query<GroupRow[]>(
      `WITH visible AS (${visibleDocuments(scope, parameters)}),
       groups AS (SELECT DISTINCT index_id, configuration FROM visible)
       SELECT *, ARRAY(
         SELECT to_json(tsvector_to_array(to_tsvector(configuration::regconfig, text)))
         FROM unnest(${parameters.add([query.words, ...query.phrases, ...query.excluded])}::text[])
           WITH ORDINALITY AS asked (text, place)
         ORDER BY place) AS asked
       FROM groups`,
      parameters.values,
    );
    return rows.map(({ index_id, asked: [words = [], ...rest], ...row }) => ({
      indexId: index_id,
      configuration: row.configuration,
      words,
      phrases: rest.slice(0, query.phrases.length),
      excluded: rest.slice(query.phrases.length),
    }));
  }

  /**
   * The terms, in their order, with postings of documents a search may see: those that are needed, and of the others the
   * rarest. Statistics come with them, in one statement: documents may be published between two.
   */
  async terms(scope: Scope, wanted: readonly Wanted[]): Promise<FoundTerm[]> {
    const parameters = new Parameters();
    const rows = await this.db.query<({ place: number; frequency: number; postings: Buffer | null } & Statistics)[]>(
      `WITH visible AS MATERIALIZED (${visibleDocuments(scope, parameters)}),
       wanted AS (
         SELECT index_id, configuration, needed, place::int, posting_term(index_id, configuration, lexeme) AS term
         FROM unnest(
           ${parameters.add(wanted.map(({ group }) => group.indexId))}::uuid[],
           ${parameters.add(wanted.map(({ group }) => group.configuration))}::text[],
           ${parameters.add(wanted.map(({ lexeme }) => lexeme))}::text[],
           ${parameters.add(wanted.map(({ demand }) => demand !== 'any'))}::boolean[]
         ) WITH ORDINALITY AS t (index_id, configuration, lexeme, needed, place)),
       hits AS MATERIALIZED (
         SELECT place, needed, visible.id, entries, octet_length(entries) / 8 AS frequency
         FROM wanted JOIN postings USING (term)
         JOIN visible ON visible.id = source_id AND visible.index_id = wanted.index_id),
       groups AS (
         SELECT index_id, configuration, sum(chunks)::float8 AS chunks, sum(lexemes)::float8 AS lexemes
         FROM visible GROUP BY index_id, configuration),
       among AS (SELECT place, chunks, lexemes FROM wanted JOIN groups USING (index_id, configuration)),
       found AS (SELECT place, needed, sum(frequency)::float8 AS frequency FROM hits GROUP BY place, needed),
       ranked AS (SELECT *, sum(frequency) OVER (ORDER BY needed DESC, frequency, place) AS so_far FROM found)
       SELECT place, ranked.frequency, chunks, lexemes, string_agg(int8send(id) || int4send(hits.frequency) || entries, ''::bytea)
         FILTER (WHERE needed OR so_far <= ${parameters.add(MOST_POSTINGS)} OR so_far = ranked.frequency) AS postings
       FROM hits JOIN ranked USING (place, needed) JOIN among USING (place)
       GROUP BY place, ranked.frequency, chunks, lexemes`,
      parameters.values,
    );
    const found = new Map(rows.map((row) => [row.place, row]));
    return wanted.map(({ demand }, i) => {
      const row = found.get(i + 1);
      const among = row ? { chunks: row.chunks, lexemes: row.lexemes } : null;
      return { frequency: row?.frequency ?? 0, postings: row?.postings ?? null, demand, among };
    });
  }

  /** How many chunks a search may see, and in how many of them each of the words is, in any form. Words that no language looks for are not told. */
  async frequencies(scope: Scope, words: readonly string[]): Promise<{ chunks: number; of: Map<string, number> }> {
    const parameters = new Parameters();
    const rows = await this.db.query<{ word: string | null; frequency: number }[]>(
      `WITH visible AS MATERIALIZED (${visibleDocuments(scope, parameters)}),
       languages AS (SELECT DISTINCT index_id, configuration FROM visible),
       wanted AS (
         SELECT DISTINCT word, index_id, posting_term(index_id, configuration, lexeme) AS term
         FROM languages, unnest(${parameters.add(words)}::text[]) AS word,
           unnest(tsvector_to_array(to_tsvector(configuration::regconfig, word))) AS lexeme)
       SELECT word, coalesce(sum(octet_length(entries) / 8) FILTER (WHERE visible.id IS NOT NULL), 0)::float8 AS frequency
       FROM wanted LEFT JOIN postings USING (term)
       LEFT JOIN visible ON visible.id = source_id AND visible.index_id = wanted.index_id
       GROUP BY word
       UNION ALL SELECT NULL, coalesce(sum(chunks), 0)::float8 FROM visible`,
      parameters.values,
    );
    const of = new Map(rows.flatMap(({ word, frequency }) => (word === null ? [] : [[word, frequency] as const])));
    return { chunks: rows.find(({ word }) => word === null)?.frequency ?? 0, of };
  }

  /** The chunks at these places, in their order. */
  async chunksAt(hits: readonly TextHit[]): Promise<Scored[]> {
    const rows = await this.db.query<{ chunk_id: string; score: number }[]>(
      `SELECT c.id AS chunk_id, score
       FROM unnest($1::bigint[], $2::int[], $3::float8[]) WITH ORDINALITY AS hit (source_id, ordinal, score, place)
       JOIN indexed_documents s ON s.id = hit.source_id
       JOIN chunks c ON c.document_id = s.document_id AND c.index_id = s.index_id AND c.ordinal = hit.ordinal
       ORDER BY place`,
      [hits.map(({ sourceId }) => sourceId), hits.map(({ ordinal }) => ordinal), hits.map(({ score }) => score)],
    );
    return rows.map(({ chunk_id, score }) => ({ chunkId: chunk_id, score }));
  }

  /** Which of the chunks have any of the words in them, in any form; title and headings included. */
  async withAnyOf(chunkIds: readonly string[], words: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.query<{ id: string }[]>(
      `SELECT c.id FROM chunks c
       JOIN documents d ON d.id = c.document_id
       JOIN indexed_documents s ON s.index_id = c.index_id AND s.document_id = c.document_id
       CROSS JOIN LATERAL (SELECT s.configuration::regconfig AS name) AS configuration
       WHERE c.id = ANY ($1::uuid[])
         AND tsvector_to_array(to_tsvector(name, concat_ws(' ', d.title, array_to_string(c.heading_path, ' '), c.text)))
           && tsvector_to_array(to_tsvector(name, $2))`,
      [chunkIds, words.join(' ')],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** All that a chunk is found by: its title, its headings, its text. */
  async textsOf(chunkIds: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await this.db.query<{ id: string; title: string; heading_path: string[]; text: string }[]>(
      `SELECT c.id, d.title, c.heading_path, c.text FROM chunks c JOIN documents d ON d.id = c.document_id
       WHERE c.id = ANY ($1::uuid[])`,
      [chunkIds],
    );
    return new Map(rows.map(({ id, title, heading_path, text }) => [id, [title, ...heading_path, text]]));
  }
}
