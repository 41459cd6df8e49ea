import { DomainError } from '../platform/common/errors/domain.error';

const unauthenticated = (code: string, message: string) => new DomainError('unauthenticated', code, message);

export const missingCredentials = () =>
  unauthenticated(
    'missing_credentials',
    "Send 'Authorization: Bearer <access token or API key>' or 'X-API-Key: <API key>'.",
  );

export const invalidToken = (message = 'This access token is not valid.') => unauthenticated('invalid_token', message);

export const tokenExpired = () =>
  unauthenticated('token_expired', 'This access token has expired. Get a new one with the refresh token.');

export const invalidApiKey = (message = 'This API key is unknown or was revoked.') =>
  unauthenticated('invalid_api_key', message);

export const invalidCredentials = () =>
  unauthenticated('invalid_credentials', 'There is no account with this e-mail address and password.');

export const invalidRefreshToken = () =>
  unauthenticated('invalid_refresh_token', 'This refresh token is unknown, expired, revoked or was used before.');

export const registrationClosed = () =>
  new DomainError(
    'forbidden',
    'registration_closed',
    'New accounts are made by the administrator of this installation.',
  );

export const emailTaken = () =>
  new DomainError('conflict', 'email_taken', 'There is an account with this e-mail address.', { param: 'email' });

export const wrongPassword = () =>
  new DomainError('invalid', 'wrong_password', 'The current password is not right.', { param: 'current_password' });

export const invalidResetToken = () =>
  new DomainError('invalid', 'invalid_reset_token', 'This token is unknown, expired or was used before.', {
    param: 'token',
  });

export const tooManyAttempts = (retryAfterSeconds: number) =>
  new DomainError('limit', 'rate_limit_exceeded', `Too many attempts. Try again in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
