import { DomainError } from '../platform/common/errors/domain.error';

export const apiKeyNotFound = () =>
  new DomainError('not_found', 'api_key_not_found', 'There is no API key with this id within your reach.');

export const notYourApiKey = () =>
  new DomainError('forbidden', 'not_your_api_key', 'A new secret acts as its owner: only the owner can rotate a key.');

export const apiKeyRetired = () =>
  new DomainError('conflict', 'api_key_retired', 'This API key has expired or was rotated before.');
