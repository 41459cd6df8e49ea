import { z } from 'zod';
import { type ParleyYaml } from '../../platform/config/parley-yaml';
import { type RetrievalService } from '../../rag/retrieval.service';
import { defineTool } from '../define-tool';
import { fitting } from '../output';

const MOST = 20;
/** Of a result, beside the passages. */
const FRAME = 200;

const found = z.object({
  number: z.int().describe('1 is the best'),
  document_id: z.string(),
  title: z.string(),
  page: z.int().nullable(),
  start: z.int().describe('Where the passage begins in the text of its document, for read_document'),
  text: z.string(),
  score: z.number().describe('0 to 1'),
});

export const searchDocuments = (retrieval: RetrievalService, { tools, rag }: ParleyYaml) =>
  defineTool({
    name: 'search_documents',
    description:
      'Searches the documents of this workspace by meaning and by words, and gives the passages that fit best. Use ' +
      'read_document to read what stands around one.',
    input: z.object({
      query: z.string().min(1).max(2_000).describe('A question or a few words'),
      k: z.int().min(1).max(MOST).default(8).describe('How many passages at most'),
    }),
    output: z.object({
      results: z.array(found),
      not_ready: z.int().describe('Documents that are still being read, and will be found later'),
    }),
    sideEffects: 'reads',
    permission: 'documents:read',
    execute: async ({ query, k }, { principal, requestId, collectionIds, spent }, signal) => {
      const searched = collectionIds ?? (await retrieval.readableIds(principal));
      const asked = { collectionIds: searched, query, k, mode: rag.mode, operators: false };
      const { passages, notReady, queryCost } = await retrieval.search(principal, asked, { requestId, signal });
      spent(queryCost);
      const results = passages.map(({ documentId, title, page, start, text, score }, i) => ({
        number: i + 1,
        document_id: documentId,
        title,
        page,
        start,
        text,
        score,
      }));
      return { results: fitting(results, tools.max_output - FRAME), not_ready: notReady.length };
    },
  });
