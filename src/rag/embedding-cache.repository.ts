import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Kept for so long after they were last needed. */
const KEPT_DAYS = 90;

/** Whose vectors, and of which model (`provider/model`). `dimensions` is null where nobody has told. */
export interface CacheKey {
  workspaceId: string;
  model: string;
  dimensions: number | null;
}

/** Vectors of texts that were embedded before, by the SHA-256 of the text, in hex. */
@Injectable()
export class EmbeddingCacheRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Those there are. When they were used last is noted once a day. */
  async find(
    { workspaceId, model, dimensions }: CacheKey,
    hashes: readonly string[],
  ): Promise<Map<string, Float32Array>> {
    // An array of values is looked up in the index, or hashed, whatever is known of the table; a join may be nested loops.
    const rows = await this.db.query<{ hash: string; vector: Buffer; old: boolean }[]>(
      `SELECT encode(sha256, 'hex') AS hash, vector, last_used_at < now() - interval '1 day' AS old FROM embedding_cache
       WHERE workspace_id = $1 AND model = $2 AND sha256 = ANY ($3::bytea[]) AND ($4::int IS NULL OR dimensions = $4)`,
      [workspaceId, model, hashes.map(bytesOf), dimensions],
    );
    const old = rows.filter((row) => row.old).map(({ hash }) => hash);
    if (old.length > 0) await this.touch(workspaceId, model, old);
    return new Map(rows.map(({ hash, vector }) => [hash, toVector(vector)]));
  }

  private async touch(workspaceId: string, model: string, hashes: readonly string[]): Promise<void> {
    await this.db.query(
      `UPDATE embedding_cache SET last_used_at = now() WHERE (workspace_id, model, sha256) IN (
         SELECT workspace_id, model, sha256 FROM embedding_cache
         WHERE workspace_id = $1 AND model = $2 AND sha256 = ANY ($3::bytea[]) FOR UPDATE SKIP LOCKED)`,
      [workspaceId, model, hashes.map(bytesOf)],
    );
  }

  /** Another's vector of the same text gives way: a server may have changed the model behind a name. */
  async save(
    { workspaceId, model }: CacheKey,
    hashes: readonly string[],
    vectors: readonly Float32Array[],
  ): Promise<void> {
    await this.db.query(
      `INSERT INTO embedding_cache (workspace_id, model, dimensions, sha256, vector)
       SELECT $1, $2, $3, decode(t.hash, 'hex'), t.vector FROM unnest($4::text[], $5::bytea[]) AS t (hash, vector)
       ORDER BY t.hash
       ON CONFLICT (workspace_id, model, sha256)
       DO UPDATE SET dimensions = EXCLUDED.dimensions, vector = EXCLUDED.vector, last_used_at = now()`,
      [workspaceId, model, vectors[0]?.length ?? 0, hashes, vectors.map(toBytes)],
    );
  }

  /** Returns how many, at most `limit`. */
  async deleteUnused(limit: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown, number]>(
      `DELETE FROM embedding_cache WHERE (workspace_id, model, sha256) IN (
         SELECT workspace_id, model, sha256 FROM embedding_cache
         WHERE last_used_at < now() - make_interval(days => $2) ORDER BY last_used_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit, KEPT_DAYS],
    );
    return deleted;
  }
}

const bytesOf = (hash: string) => Buffer.from(hash, 'hex');

const toBytes = (vector: Float32Array) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

/** A copy: the driver's bytes need not begin where numbers may. */
const toVector = (bytes: Buffer) => new Float32Array(Uint8Array.from(bytes).buffer);
