import { type Principal } from '../../platform/common/auth/principal';

/** What is judged: texts by how well they answer a query. */
export interface RerankTask {
  principal: Principal;
  query: string;
  texts: readonly string[];
  /** The model to be asked, where there is a choice. */
  model: string | undefined;
  requestId: string;
  signal: AbortSignal;
}

/** Judges how relevant texts are. Adding one: its file, and its name in `rerank.service.ts`. */
export interface Reranker {
  /** One figure from 0 to 1 for each text, in their order. Throws DomainErrors. */
  relevances(task: RerankTask): Promise<number[]>;
}
