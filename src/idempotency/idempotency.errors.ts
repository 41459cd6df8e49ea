import { DomainError } from '../platform/common/errors/domain.error';

const conflict = (code: string, message: string) => new DomainError('conflict', code, message, { shouldRetry: false });

export const keyConflict = () =>
  conflict(
    'idempotency_key_conflict',
    'This Idempotency-Key was used for a different request. Choose a new one for each.',
  );

export const requestInProgress = () =>
  conflict('idempotency_request_in_progress', 'The request with this Idempotency-Key is still being worked on.');

export const answerNotKept = () =>
  conflict(
    'idempotency_answer_not_kept',
    'The request with this Idempotency-Key was answered, but its answer was too long to keep. It is not run again.',
  );
