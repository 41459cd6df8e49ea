import { DomainError } from '../common/errors/domain.error';

export const fileTooLarge = (maxBytes: number) =>
  new DomainError('too_large', 'payload_too_large', `The file has more than ${maxBytes} bytes.`);

export const fileNotFound = () => new DomainError('not_found', 'file_not_found', 'The file is no longer stored.');

export const filesAway = (cause: unknown) =>
  new DomainError('unavailable', 'service_unavailable', 'The file store does not answer. Try again shortly.', {
    retryAfterSeconds: 5,
    cause,
  });
