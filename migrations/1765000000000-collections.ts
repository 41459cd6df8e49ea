import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Collections of documents, and what is searched in them.
 *
 * A collection answers from its `active` index; while another embedding model or chunking is being built it has a
 * `building` one besides. An index holds the chunks of every document it has a row for in `document_indexes`: that row is
 * written with them, in one transaction.
 *
 * A document is one version of a title. `current` is the version that is searched: the newest that became ready; it gives
 * way in the transaction in which the next one does. `lease_expires_at` is set while a worker has it, who renews it;
 * `running` without a fresh one is stalled. Offsets are UTF-16 code units of `document_texts.text`.
 */
export class Collections1765000000000 implements MigrationInterface {
  name = 'Collections1765000000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE collections (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        name text NOT NULL,
        access text NOT NULL CHECK (access IN ('private', 'workspace', 'read_only')),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz
      );
      CREATE INDEX collections_workspace ON collections (workspace_id, id);
      CREATE INDEX collections_user ON collections (user_id);

      CREATE TABLE collection_indexes (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL,
        collection_id uuid NOT NULL REFERENCES collections ON DELETE CASCADE,
        state text NOT NULL CHECK (state IN ('active', 'building', 'retired')),
        embedding_model text NOT NULL,
        dimensions int,
        chunking jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX collection_indexes_collection ON collection_indexes (collection_id);
      CREATE UNIQUE INDEX collection_indexes_state ON collection_indexes (collection_id, state) WHERE state <> 'retired';

      CREATE TABLE documents (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        collection_id uuid NOT NULL REFERENCES collections ON DELETE CASCADE,
        user_id uuid NOT NULL,
        api_key_id uuid,
        title text NOT NULL,
        version int NOT NULL,
        current boolean NOT NULL DEFAULT false,
        status text NOT NULL CHECK (status IN ('queued', 'running', 'ready', 'failed', 'cancelled')),
        job_version int NOT NULL DEFAULT 1,
        step text,
        progress int NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
        attempts int NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        lease_owner uuid,
        lease_expires_at timestamptz,
        cancel_requested boolean NOT NULL DEFAULT false,
        error_code text,
        error text,
        sha256 bytea,
        bytes bigint,
        media_type text,
        filename text,
        source_url text,
        blob_key text,
        language text,
        pages int,
        chunks int,
        tokens bigint NOT NULL DEFAULT 0,
        cost_usd numeric(24,12) DEFAULT 0,
        metadata jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        ready_at timestamptz,
        deleted_at timestamptz
      );
      CREATE INDEX documents_collection ON documents (collection_id, id) WHERE deleted_at IS NULL;
      CREATE INDEX documents_workspace ON documents (workspace_id, id);
      CREATE INDEX documents_refused ON documents (workspace_id, id) WHERE blob_key IS NULL AND source_url IS NULL;
      CREATE INDEX documents_bytes ON documents (collection_id, sha256) WHERE deleted_at IS NULL;
      CREATE UNIQUE INDEX documents_version ON documents (collection_id, title, version);
      CREATE UNIQUE INDEX documents_current ON documents (collection_id, title) WHERE current AND deleted_at IS NULL;
      CREATE INDEX documents_waiting ON documents (status, lease_expires_at) WHERE status IN ('queued', 'running');

      CREATE TABLE document_texts (
        document_id uuid PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
        text text NOT NULL,
        pages jsonb NOT NULL,
        headings jsonb NOT NULL
      );

      CREATE TABLE document_indexes (
        document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
        index_id uuid NOT NULL REFERENCES collection_indexes ON DELETE CASCADE,
        chunks int NOT NULL,
        PRIMARY KEY (document_id, index_id)
      );

      CREATE TABLE chunks (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL,
        collection_id uuid NOT NULL,
        index_id uuid NOT NULL REFERENCES collection_indexes ON DELETE CASCADE,
        document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
        ordinal int NOT NULL,
        start_at int NOT NULL,
        end_at int NOT NULL,
        page int,
        heading_path text[] NOT NULL,
        tokens int NOT NULL,
        text text NOT NULL,
        blanks text NOT NULL,
        UNIQUE (document_id, index_id, ordinal)
      );
      CREATE INDEX chunks_index ON chunks (index_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE chunks, document_indexes, document_texts, documents, collection_indexes, collections');
  }
}
