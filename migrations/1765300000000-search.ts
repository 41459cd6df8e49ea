import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What searches read, made of the chunks of an index and made again from them whenever that is wanted.
 *
 * `chunk_vectors` holds each chunk's embedding, unit length, float32, little-endian: the truth every vector index is built
 * from. `chunk_codes` are their sign codes, in rows as narrow as can be, because searches read all of an index.
 *
 * `indexed_documents` has a row for each document in each index: how many chunks it has, how many lexemes, and by which
 * text search configuration they were made. `postings` says in which of its chunks a lexeme stands, and how often: eight
 * bytes for each, `ordinal int4, frequency int2, lexemes of the chunk int2`, all unsigned. A term is a hash of index,
 * configuration and lexeme. There are no counters of an index: whatever is counted is counted over what a search may see.
 *
 * `vector_removals` are chunks that are gone from here, and not yet from a vector index that lives elsewhere. `vector_driver`
 * names the driver that holds all vectors: when another one is to be used, it has to be filled first.
 */
export class Search1765300000000 implements MigrationInterface {
  name = 'Search1765300000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE chunk_vectors (
        chunk_id uuid PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
        vector bytea NOT NULL
      );
      ALTER TABLE chunk_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;

      CREATE TABLE chunk_codes (
        chunk_id uuid PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
        index_id uuid NOT NULL,
        document_id uuid NOT NULL,
        code bit varying NOT NULL
      );
      CREATE INDEX chunk_codes_index ON chunk_codes (index_id);

      CREATE TABLE indexed_documents (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
        index_id uuid NOT NULL REFERENCES collection_indexes ON DELETE CASCADE,
        configuration text NOT NULL,
        chunks int NOT NULL,
        lexemes bigint NOT NULL,
        UNIQUE (index_id, document_id)
      );
      CREATE INDEX indexed_documents_document ON indexed_documents (document_id);

      CREATE TABLE postings (
        term bigint NOT NULL,
        source_id bigint NOT NULL,
        entries bytea NOT NULL
      );
      ALTER TABLE postings ALTER COLUMN entries SET STORAGE EXTERNAL;
      CREATE INDEX postings_term ON postings (term);
      CREATE INDEX postings_source ON postings (source_id);

      CREATE FUNCTION posting_term(index_id uuid, configuration text, lexeme text) RETURNS bigint
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN ('x' || encode(substr(sha256(convert_to(index_id || ' ' || configuration || ' ' || lexeme, 'UTF8')), 1, 8), 'hex'))
          ::bit(64)::bigint;

      -- Instead of a foreign key, which would be checked for each of a document's thousands of lexemes.
      CREATE FUNCTION delete_postings() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          DELETE FROM postings WHERE source_id IN (SELECT id FROM gone);
          RETURN NULL;
        END $$;
      CREATE TRIGGER delete_postings AFTER DELETE ON indexed_documents
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_postings();

      CREATE TABLE vector_removals (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        dimensions int NOT NULL,
        chunk_ids uuid[] NOT NULL
      );

      CREATE TABLE vector_driver (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        driver text NOT NULL
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE vector_driver, vector_removals, postings, indexed_documents, chunk_codes, chunk_vectors;
      DROP FUNCTION delete_postings;
      DROP FUNCTION posting_term`);
  }
}
