import { z } from 'zod';
import { NO_EVIDENCE } from '../platform/config/parley-yaml';
import { toFilter } from '../rag/filter.codec';
import { SEARCH_MODES } from '../rag/search.types';
import { type Grounding } from './chat.types';

export const MOST_COLLECTIONS = 20;
export const MOST_PASSAGES = 50;

export const collectionIds = z
  .array(z.uuid())
  .max(MOST_COLLECTIONS)
  .meta({ description: 'Collections the answer is to be made from, with citations' });

/** How collections are searched for an answer. What is absent is as `rag` of `parley.yaml` says. */
export const retrievalOptions = {
  k: z
    .int()
    .min(1)
    .max(MOST_PASSAGES)
    .optional()
    .meta({ description: 'Passages shown to the model, at most', example: 8 }),
  mode: z.enum(SEARCH_MODES).optional(),
  filter: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({
      description:
        'Which documents: conditions on their metadata and properties, as in `POST /v1/collections/{id}/search`',
      example: { department: 'hr' },
    }),
  rerank: z
    .strictObject({ by: z.string().min(1).max(64), model: z.string().min(1).max(256).optional() })
    .optional()
    .meta({ description: '`none`, `llm`, or a reranker of `parley.yaml`' }),
  min_score: z.number().min(0).max(1).optional().meta({
    description:
      'Passages that have less to do with the question are no evidence: what the reranker judged, else the greater of `text_score` and `vector_score` of the search',
  }),
  no_evidence: z.enum(NO_EVIDENCE).optional().meta({
    description:
      'Without evidence: `refuse` says so without asking a model, `answer` asks one that is told there is none',
  }),
  rewrite: z.boolean().optional().meta({
    description:
      'First put the question so that it can be understood without the conversation before it: one more call',
  }),
};
type RetrievalOptions = z.output<z.ZodObject<typeof retrievalOptions>>;

/** Of any chat. */
export const groundingOptions = {
  collection_ids: collectionIds.optional(),
  retrieval: z.strictObject(retrievalOptions).optional().meta({ description: 'How `collection_ids` are searched' }),
};

/** Throws `validation_failed` for a filter that is none. Undefined without collections. */
export function toGrounding(
  ids: readonly string[] = [],
  { min_score, no_evidence, filter, ...options }: RetrievalOptions = {},
  place = 'retrieval.filter',
): Grounding | undefined {
  if (ids.length === 0) return undefined;
  const { k, mode, rerank, rewrite } = options;
  return {
    collectionIds: [...new Set(ids)],
    ...(k === undefined ? {} : { k }),
    ...(mode === undefined ? {} : { mode }),
    ...(filter === undefined ? {} : { filter: toFilter(filter, place) }),
    ...(rerank?.by === undefined ? {} : { rerank: toRerank(rerank) }),
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(min_score === undefined ? {} : { minScore: min_score }),
    ...(no_evidence === undefined ? {} : { noEvidence: no_evidence }),
  };
}

const toRerank = ({ by, model }: NonNullable<RetrievalOptions['rerank']>) => ({
  by,
  ...(model === undefined ? {} : { model }),
});
