import { DomainError } from '../platform/common/errors/domain.error';

export const otherDimensions = (model: string, given: number, indexed: number) =>
  new DomainError(
    'upstream',
    'provider_failed',
    `${model} gives vectors of ${given} dimensions now, and the collection was indexed with ${indexed}: index it anew.`,
  );

export const rerankerFailed = (id: string, what: string, cause?: unknown) =>
  new DomainError('upstream', 'provider_failed', `The reranker ${id} ${what}.`, { cause });
