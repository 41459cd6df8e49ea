import { randomUUID } from 'node:crypto';
import { collection, settled, text } from './documents';
import { type TestUser } from './user';

/** A private collection of documents that are ready. */
export async function collectionOf(
  user: TestUser,
  documents: readonly { title: string; text: string }[],
  fields: object = {},
): Promise<string> {
  const id = await collection(user, fields);
  for (const document of documents) {
    const added = await text(user, id, document.title, document.text);
    const { status, error } = await settled(user, added.id as string);
    if (status !== 'ready') throw new Error(`${document.title} is ${status}: ${JSON.stringify(error)}`);
  }
  return id;
}

/** Pages, as a PDF has them, that end at these places of every document. */
export async function pretendPages({ parley }: TestUser, collectionId: string, ends: readonly number[]): Promise<void> {
  const pages = ends.map((end, i) => ({ page: i + 1, start: ends[i - 1] ?? 0, end }));
  await parley.database.query(
    'UPDATE document_texts SET pages = $2 WHERE document_id IN (SELECT id FROM documents WHERE collection_id = $1)',
    [collectionId, JSON.stringify(pages)],
  );
  await parley.database.query('UPDATE chunks SET page = 1 WHERE collection_id = $1', [collectionId]);
}

/** A document that a worker seems to have at work. */
export async function pretendUnready(user: TestUser, collectionId: string, title: string): Promise<void> {
  await user.parley.database.query(
    `INSERT INTO documents (id, workspace_id, collection_id, user_id, title, version, status, lease_owner, lease_expires_at)
     VALUES ($1, $2, $3, $4, $5, 1, 'running', $1, now() + interval '1 hour')`,
    [randomUUID(), user.workspaceId, collectionId, user.id, title],
  );
}

/** Every citation is what its document says at that place, as its reader can see. Returns them. */
export async function expectTrue<C extends { document_id: string; start: number; end: number; quote: string }>(
  user: TestUser,
  citations: readonly C[],
): Promise<readonly C[]> {
  const texts = new Map<string, string>();
  for (const { document_id, start, end, quote } of citations) {
    const whole = texts.get(document_id) ?? (await extractedText(user, document_id));
    texts.set(document_id, whole);
    expect(whole.slice(start, end)).toBe(quote);
    expect(quote).not.toBe('');
  }
  return citations;
}

async function extractedText(user: TestUser, documentId: string): Promise<string> {
  const { status, body } = await user.get(`/v1/documents/${documentId}/text`);
  expect(status).toBe(200);
  return typeof body === 'string' ? body : body.text;
}
