import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor';

/** To be among the errors of a route that is `@Idempotent()`. */
export const IDEMPOTENCY_ERRORS = [
  '409 idempotency_key_conflict',
  '409 idempotency_request_in_progress',
  '409 idempotency_answer_not_kept',
] as const;

/** A repeat with the same `Idempotency-Key` is answered with the stored answer, and costs nothing. For every paid POST. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'The same key with the same body within 24 hours gets the stored answer (`x-parley-idempotent-replay: true`), streams ' +
        'included. Failures that another try may cure (409, 429, 5xx, a stream that broke) are not stored.',
      schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', example: '6f0e7a31-9d52-3f6d' },
    }),
  );
