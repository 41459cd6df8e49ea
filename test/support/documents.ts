import { type Answer, type TestUser } from './user';
import { until } from './until';

export interface TestFile {
  name: string;
  content: string | Uint8Array<ArrayBuffer>;
}

/** Sends files as a browser does. */
export async function upload(
  user: TestUser,
  collectionId: string,
  files: TestFile[],
  {
    metadata,
    headers = {},
    field = 'files',
  }: { metadata?: object; headers?: Record<string, string>; field?: string } = {},
): Promise<Answer> {
  const form = new FormData();
  if (metadata) form.set('metadata', JSON.stringify(metadata));
  for (const { name, content } of files) form.append(field, new Blob([content]), name);
  const path = `/v1/collections/${collectionId}/documents`;
  const response = await fetch(user.parley.url + path, {
    method: 'POST',
    headers: { ...user.headers, ...headers },
    body: form,
  });
  const body: unknown = await response.json();
  user.parley.contract.check('POST', path, response.status, response.headers.get('content-type') ?? '', body);
  return { status: response.status, headers: response.headers, body };
}

export async function collection(user: TestUser, fields: object = {}): Promise<string> {
  const { status, body } = await user.post('/v1/collections', { name: 'Papers', ...fields });
  if (status !== 201) throw new Error(`collection: ${status} ${JSON.stringify(body)}`);
  return body.id as string;
}

/** A document made of a text; not ready yet. */
export async function text(user: TestUser, collectionId: string, title: string, content: string): Promise<any> {
  const { status, body } = await user.post(`/v1/collections/${collectionId}/documents`, { title, text: content });
  if (status !== 202) throw new Error(`text: ${status} ${JSON.stringify(body)}`);
  return body.data[0];
}

/** The document once it is ready, failed or cancelled. */
export const settled = (user: TestUser, id: string, withinMs = 30_000): Promise<any> =>
  until(
    async () => (await user.get(`/v1/documents/${id}`)).body,
    ({ status }) => ['ready', 'failed', 'cancelled'].includes(status),
    withinMs,
  );

/** Chunks that a search could find, of each document. */
export const searchable = async (user: TestUser): Promise<Record<string, number>> => {
  const rows = await user.parley.database.query<{ id: string; chunks: number }>(
    `SELECT d.id, p.chunks FROM documents d JOIN document_indexes p ON p.document_id = d.id
     JOIN collection_indexes i ON i.id = p.index_id AND i.state = 'active' WHERE d.current AND d.deleted_at IS NULL`,
  );
  return Object.fromEntries(rows.map(({ id, chunks }) => [id, chunks]));
};

/** Words that repeat nothing, so that texts of different seeds have no chunk in common. */
export const prose = (seed: string, words: number): string =>
  Array.from({ length: words }, (_, i) => `${seed}${((i * 2654435761) % 4294967296).toString(36)}`)
    .map((word, i) => (i % 12 === 11 ? `${word}.\n\n` : `${word} `))
    .join('');
