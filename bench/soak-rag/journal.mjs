/** How long a lease lasts after it was renewed, in milliseconds, and how much clocks and commits may differ. */
const LEASE_MS = 15_000;
const BLUR_MS = 500;

/** Notes from now on every change of a document's status. */
export const beginJournal = (database) =>
  database.query(`
    CREATE TABLE soak_steps (at timestamptz NOT NULL DEFAULT clock_timestamp(), document_id uuid NOT NULL,
      collection_id uuid NOT NULL, before text NOT NULL, after text NOT NULL, job_version int NOT NULL,
      error_code text, renewed_until timestamptz);
    CREATE FUNCTION soak_step() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO soak_steps (document_id, collection_id, before, after, job_version, error_code, renewed_until)
          VALUES (NEW.id, NEW.collection_id, OLD.status, NEW.status, OLD.job_version, NEW.error_code, OLD.lease_expires_at);
        RETURN NULL;
      END $$;
    CREATE TRIGGER soak_step AFTER UPDATE OF status ON documents FOR EACH ROW
      WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION soak_step()`);

/**
 * Documents that were taken from a worker: `[{ documentId, jobVersion (the one that was cut off), kill, queuedMs, runningMs }]`,
 * the times since the kill; `kill` is null where no worker had died.
 * @param kills when, in milliseconds
 */
export async function takeovers(database, collection, kills) {
  const { rows } = await database.query(
    `SELECT s.*, (SELECT min(n.at) FROM soak_steps n WHERE n.document_id = s.document_id AND n.after = 'running' AND n.at > s.at)
       AS running_at
     FROM soak_steps s
     WHERE collection_id = $1 AND before = 'running' AND after IN ('queued', 'failed') AND renewed_until <= at ORDER BY at`,
    [collection],
  );
  return rows.map(({ document_id, job_version, at, running_at, renewed_until }) => {
    const last = renewed_until - LEASE_MS - BLUR_MS;
    const kill = kills.find((time) => time >= last && time <= at) ?? null;
    return {
      documentId: document_id,
      jobVersion: job_version,
      kill,
      queuedMs: at - kill,
      runningMs: running_at === null ? null : running_at - kill,
    };
  });
}

/** Titles of documents that became ready, or failed, more than once. */
export async function repeated(database, collection) {
  const { rows } = await database.query(
    `SELECT d.title FROM soak_steps s JOIN documents d ON d.id = s.document_id
     WHERE s.collection_id = $1 AND s.after IN ('ready', 'failed') GROUP BY d.id, d.title HAVING count(*) > 1`,
    [collection],
  );
  return rows.map(({ title }) => title);
}
