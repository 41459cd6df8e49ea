import { DomainError } from '../common/errors/domain.error';

export const encryptionKeyMissing = () =>
  new DomainError(
    'unavailable',
    'encryption_key_missing',
    'Secrets can be stored once those who run the installation have set ENCRYPTION_KEY.',
  );

export const secretUnreadable = () =>
  new DomainError(
    'unavailable',
    'secret_unreadable',
    'A stored secret that this needs can no longer be decrypted. Those who run the installation can bring its key back; else set it anew.',
  );
