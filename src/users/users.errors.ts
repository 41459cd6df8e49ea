import { DomainError } from '../platform/common/errors/domain.error';

/** The account went away while its credentials were still remembered. */
export const userGone = () => new DomainError('unauthenticated', 'invalid_token', 'This account no longer exists.');
