import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiRateHeaders } from '../platform/common/openapi/response-headers';

export const RATE_LIMITED = 'parley:rate-limited';

/** How many requests a body is. It is not checked yet: anything may be in it. */
export type RequestCount = (body: unknown) => number;

/** For routes that call models: their requests count against the limits of the caller's tier, and say what is left. */
export const RateLimited = (count: RequestCount = () => 1): MethodDecorator =>
  applyDecorators(SetMetadata(RATE_LIMITED, count), ApiRateHeaders());
