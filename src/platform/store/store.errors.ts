import { DomainError } from '../common/errors/domain.error';

export const storeAway = (cause: unknown) =>
  new DomainError('unavailable', 'service_unavailable', 'The shared store does not answer. Try again shortly.', {
    retryAfterSeconds: 5,
    cause,
  });
