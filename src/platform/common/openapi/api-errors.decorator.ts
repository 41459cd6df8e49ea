import { ApiExtension } from '@nestjs/swagger';

/** Extension that carries a route's own error codes until `describeErrors` turns them into responses. */
export const ERROR_CODES = 'x-error-codes';

/** The codes a route may answer with besides the general ones, as `'404 conversation_not_found'`. */
export const ApiErrors = (...codes: `${number} ${string}`[]): MethodDecorator & ClassDecorator =>
  ApiExtension(ERROR_CODES, codes);

/** What any call of a model can end with. */
export const MODEL_ERRORS = [
  '400 model_not_found',
  '400 model_unpriced',
  '400 max_cost_reached',
  '429 budget_exceeded',
  '403 model_not_allowed',
  '400 unsupported_parameter',
  '400 context_length_exceeded',
  '400 content_filter',
  '400 provider_refused_request',
  '502 provider_failed',
  '502 all_providers_failed',
  '502 upstream_credentials_rejected',
  '502 upstream_truncated',
  '503 provider_overloaded',
  '504 upstream_timeout',
] as const;
