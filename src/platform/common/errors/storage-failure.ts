import { DomainError } from './domain.error';

/** SQLSTATE classes and socket errors that mean the database is away or restarting, or that others were in the way (PostgreSQL appendix A). */
const AWAY = /^(08|57P0|53|40P01|40001)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;
/** Text the database can't hold: NUL, or an unpaired surrogate in JSON. */
const UNSTORABLE = /^(22021|22P05)$/;
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;
/** TypeORM's, for a transaction whose connection was lost between two of its statements. */
const LOST_RUNNER = /^QueryRunner(Provider)?AlreadyReleasedError$/;

/** What a failure of the database means to a caller; null when it is not one, or a mistake of ours. */
export function storageFailure(thrown: unknown): DomainError | null {
  if (!(thrown instanceof Error)) return null;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  if (UNSTORABLE.test(code)) {
    return new DomainError('invalid', 'validation_failed', 'The request holds characters that cannot be stored (NUL).');
  }
  if (AWAY.test(code) || AWAY_MESSAGE.test(thrown.message) || LOST_RUNNER.test(thrown.name)) {
    return new DomainError('unavailable', 'service_unavailable', 'The database does not answer. Try again shortly.', {
      retryAfterSeconds: 5,
      cause: thrown,
    });
  }
  return null;
}
