import fc from 'fast-check';
import { DomainError, type ErrorKind } from '../platform/common/errors/domain.error';
import { retryAfterMs } from './retries';

const error = (kind: ErrorKind, options = {}) => new DomainError(kind, 'code', 'message', options);

describe('retryAfterMs', () => {
  it('is null for what would fail again', () => {
    for (const kind of ['invalid', 'forbidden', 'not_found', 'too_large', 'unsupported_media'] as const) {
      expect(retryAfterMs(error(kind), 1)).toBeNull();
    }
    expect(retryAfterMs(error('limit', { shouldRetry: false }), 1)).toBeNull();
  });

  it('grows up to five minutes, and ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), (attempts) => {
        const wait = retryAfterMs(error('upstream'), attempts) ?? -1;
        expect(wait).toBeGreaterThanOrEqual(1_000 * 2 ** attempts);
        expect(wait).toBeLessThanOrEqual(2_000 * 2 ** attempts);
      }),
    );
    expect(retryAfterMs(error('upstream'), 6)).toBeNull();
  });

  it('is as long as whoever refused asked for', () => {
    expect(retryAfterMs(error('upstream_busy', { retryAfterSeconds: 90 }), 1)).toBe(90_000);
  });
});
