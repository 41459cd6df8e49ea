import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What became of each document, by title; equal whenever the same was made of it. `id` and `cost` are its own. */
export async function outcomes(database, collection) {
  const { rows } = await database.query(
    `SELECT d.id, d.title, d.status, d.error_code, d.error, d.cost_usd AS cost, d.chunks, d.tokens::int, md5(t.text) AS text,
       c.stored, c.content, p.chunks AS published, x.chunks AS lexical,
       (SELECT count(*)::int FROM postings WHERE source_id = x.id) AS terms
     FROM documents d
     LEFT JOIN document_texts t ON t.document_id = d.id
     LEFT JOIN document_indexes p ON p.document_id = d.id
     LEFT JOIN indexed_documents x ON x.document_id = d.id,
     LATERAL (SELECT count(*)::int AS stored, count(v.vector)::int AS vectors, md5(string_agg(concat_ws(' ', ordinal, start_at,
         end_at, page, heading_path::text, tokens, md5(c.text), md5(v.vector), (SELECT md5(code::text) FROM chunk_codes WHERE chunk_id = c.id)),
         ',' ORDER BY ordinal)) AS content
       FROM chunks c LEFT JOIN chunk_vectors v ON v.chunk_id = c.id WHERE c.document_id = d.id) AS c
     WHERE d.collection_id = $1 AND d.deleted_at IS NULL ORDER BY d.title, d.version`,
    [collection],
  );
  return rows;
}

/** Whether each is ready with all its chunks, or failed with a reason and without any; and none is there twice. */
export function checkOutcomes(rows, files, soak) {
  if (rows.length !== files) soak.violated(`${rows.length} documents were made of ${files} files`);
  const titles = new Set(rows.map(({ title }) => title));
  if (titles.size !== rows.length) soak.violated(`${rows.length} documents have ${titles.size} titles`);
  for (const { title, status, error_code, error, chunks, stored, published, lexical } of rows) {
    const whole = [stored, published, lexical].every((count) => count === chunks);
    if (status === 'ready' ? error_code || !whole : status !== 'failed' || !error_code || !error || stored > 0)
      soak.violated(`${title} is ${status} (${error_code}): ${[chunks, stored, published, lexical].join(', ')} chunks`);
  }
}

/** Whether `rows` are what `before` are, but for ids and costs. */
export function compare(rows, before, soak) {
  const told = ({ id, cost, ...rest }) => JSON.stringify(rest);
  const byTitle = new Map(before.map((row) => [row.title, row]));
  for (const row of rows) {
    const other = byTitle.get(row.title);
    if (!other || told(row) !== told(other))
      soak.violated(`${row.title} is not what it was: ${told(row)} and not ${other && told(other)}`);
  }
}

const NOBODYS = {
  'chunks of no searched document': `SELECT count(*) FROM chunks c WHERE NOT EXISTS (SELECT FROM documents d
    JOIN document_indexes p ON p.document_id = d.id WHERE d.id = c.document_id AND p.index_id = c.index_id
    AND d.status = 'ready' AND d.deleted_at IS NULL)`,
  'vectors of no chunk':
    'SELECT count(*) FROM chunk_vectors v WHERE NOT EXISTS (SELECT FROM chunks WHERE id = v.chunk_id)',
  'codes of no chunk': 'SELECT count(*) FROM chunk_codes v WHERE NOT EXISTS (SELECT FROM chunks WHERE id = v.chunk_id)',
  'postings of no document':
    'SELECT count(*) FROM postings p WHERE NOT EXISTS (SELECT FROM indexed_documents WHERE id = p.source_id)',
  'leases of calls': 'SELECT count(*) FROM call_leases',
  reservations: 'SELECT count(*) FROM reservations',
  'leases of documents': 'SELECT count(*) FROM documents WHERE lease_owner IS NOT NULL',
};

/** What belongs to no document: in the database, and in the folder of blobs. */
export async function checkLeftovers(database, folder, soak) {
  for (const [what, sql] of Object.entries(NOBODYS)) {
    const [{ count }] = (await database.query(sql)).rows;
    if (count !== '0') soak.violated(`${count} ${what} are left`);
  }
  const { rows } = await database.query('SELECT blob_key AS key FROM documents WHERE blob_key IS NOT NULL');
  const wanted = new Set(rows.map(({ key }) => key));
  const there = readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'blobs/').length));
  for (const key of there) if (!wanted.delete(key)) soak.violated(`blob ${key} is nobody's`);
  for (const key of wanted) soak.violated(`blob ${key} is missing`);
}
