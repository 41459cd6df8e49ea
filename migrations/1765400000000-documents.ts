import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What the work on documents needs.
 *
 * `enqueued_at` is when a waiting row's job was last made sure of: a row whose is null or long ago gets one again.
 * A change of `job_version` fences whoever works on the row: what he writes after it comes to nothing, so that cancelling
 * needs no flag. `loose_blobs` are bytes that no document has: not yet, while an upload is under way, or no longer. The
 * trigger sees to the latter whatever took the document, the deletion of its workspace too.
 *
 * An index that is being built is paid by whoever changed the collection; why it does not go on is told with it.
 */
export class Documents1765400000000 implements MigrationInterface {
  name = 'Documents1765400000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE documents
        DROP COLUMN cancel_requested,
        ADD COLUMN enqueued_at timestamptz,
        ADD COLUMN max_bytes bigint;
      CREATE INDEX documents_deleted ON documents (id) WHERE deleted_at IS NOT NULL;
      CREATE INDEX documents_url ON documents (collection_id, source_url)
        WHERE deleted_at IS NULL AND source_url IS NOT NULL;
      CREATE INDEX collections_deleted ON collections (id) WHERE deleted_at IS NOT NULL;

      ALTER TABLE collection_indexes
        ADD COLUMN user_id uuid,
        ADD COLUMN api_key_id uuid,
        ADD COLUMN enqueued_at timestamptz,
        ADD COLUMN attempts int NOT NULL DEFAULT 0,
        ADD COLUMN next_attempt_at timestamptz,
        ADD COLUMN error_code text,
        ADD COLUMN error text;
      UPDATE collection_indexes i SET user_id = c.user_id FROM collections c WHERE c.id = i.collection_id;
      ALTER TABLE collection_indexes ALTER COLUMN user_id SET NOT NULL;
      CREATE INDEX collection_indexes_unfinished ON collection_indexes (state) WHERE state <> 'active';
      CREATE INDEX document_indexes_index ON document_indexes (index_id);

      CREATE TABLE loose_blobs (
        key text PRIMARY KEY,
        delete_after timestamptz NOT NULL
      );
      CREATE INDEX loose_blobs_due ON loose_blobs (delete_after);
      CREATE FUNCTION loosen_blob() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO loose_blobs (key, delete_after) VALUES (OLD.blob_key, now())
            ON CONFLICT (key) DO UPDATE SET delete_after = now();
          RETURN NULL;
        END $$;
      CREATE TRIGGER documents_loosen_blob AFTER DELETE ON documents
        FOR EACH ROW WHEN (OLD.blob_key IS NOT NULL) EXECUTE FUNCTION loosen_blob()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TRIGGER documents_loosen_blob ON documents;
      DROP FUNCTION loosen_blob;
      DROP TABLE loose_blobs;
      DROP INDEX document_indexes_index, collection_indexes_unfinished;
      ALTER TABLE collection_indexes DROP COLUMN user_id, DROP COLUMN api_key_id, DROP COLUMN enqueued_at,
        DROP COLUMN attempts, DROP COLUMN next_attempt_at, DROP COLUMN error_code, DROP COLUMN error;
      DROP INDEX documents_deleted, documents_url, collections_deleted;
      ALTER TABLE documents DROP COLUMN enqueued_at, DROP COLUMN max_bytes,
        ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false`);
  }
}
