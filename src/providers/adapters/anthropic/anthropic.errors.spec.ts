import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import { errorTold, toUpstreamError } from './anthropic.errors';

const CONTEXT = { provider: 'anthropic', apiKey: 'sk-ant-secret-key' };
const answered = (status: number, type: string, message: string, headers = {}) =>
  toUpstreamError(
    APIError.generate(status, { type: 'error', error: { type, message } }, undefined, new Headers(headers)),
    CONTEXT,
    false,
  );
const BAD = 'invalid_request_error';

it.each([
  [400, BAD, 'top_p: too large', 'bad_request'],
  [400, BAD, 'prompt is too long: 210000 tokens > 200000 maximum', 'context_length'],
  [400, BAD, 'input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000', 'context_length'],
  [400, BAD, 'Output blocked by content filtering policy', 'content_filter'],
  [400, BAD, 'Your credit balance is too low to access the Anthropic API.', 'auth'],
  [401, 'authentication_error', 'invalid x-api-key', 'auth'],
  [402, 'billing_error', 'no', 'auth'],
  [403, 'permission_error', 'no', 'auth'],
  [404, 'not_found_error', 'model: claude-9', 'model_not_found'],
  [413, 'request_too_large', 'no', 'context_length'],
  [422, BAD, 'no', 'bad_request'],
  [429, 'rate_limit_error', 'no', 'rate_limit'],
  [500, 'api_error', 'prompt is too long', 'server'],
  [503, 'api_error', 'no', 'overloaded'],
  [504, 'timeout_error', 'no', 'timeout'],
  [529, 'overloaded_error', 'no', 'overloaded'],
  [502, '', '<html>', 'server'],
])('takes %i %s "%s" for %s', (status, type, message, failure) => {
  expect(answered(status, type, message)).toMatchObject({ failure, provider: 'anthropic' });
});

it('shows what the caller can mend without keys, and nothing of a 5xx', () => {
  expect(answered(400, BAD, 'top_p: too large (sk-ant-secret-key)')).toMatchObject({
    message: 'anthropic: top_p: too large (***)',
  });
  expect(answered(500, 'api_error', 'trace 4711')).toMatchObject({ message: 'anthropic failed.' });
});

it('tells how long to wait', () => {
  expect(answered(429, 'rate_limit_error', 'no', { 'retry-after': '7' })).toMatchObject({ retryAfterSeconds: 7 });
  expect(answered(529, 'overloaded_error', 'no', { 'retry-after': '99999' })).toMatchObject({
    retryAfterSeconds: 3600,
  });
});

it.each([
  [{ type: 'overloaded_error', message: 'Overloaded' }, 'overloaded'],
  [{ type: 'api_error', message: 'Internal' }, 'server'],
  [{ type: BAD, message: 'no' }, 'bad_request'],
  [{ type: 'something_new', message: 'credit balance' }, 'server'],
  ['broken', 'server'],
])('classifies an error inside a stream: %j', (told, failure) => {
  expect(errorTold(CONTEXT, null, told)).toMatchObject({ failure });
});

it('tells the network from the provider', () => {
  const refused = new APIConnectionError({ message: 'x', cause: new Error('ECONNREFUSED') });
  expect(toUpstreamError(refused, CONTEXT, false)).toMatchObject({ failure: 'connection' });
  const mistake = new TypeError('x');
  expect(toUpstreamError(mistake, CONTEXT, true)).toBe(mistake);
});
