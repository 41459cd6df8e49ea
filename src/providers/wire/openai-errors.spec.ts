import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { unsupportedParameter, type UpstreamError } from '../providers.errors';
import { toUpstreamError } from './openai-errors';
import { masked } from './openai-mask';
import { retryAfterSeconds } from './openai-retry-after';

const KEY = 'very-secret-key';
const classify = (error: unknown, received = false) => toUpstreamError(error, { provider: 'p', apiKey: KEY }, received);
const refused = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  classify(APIError.generate(status, { error: body }, undefined, new Headers(headers)));
const coded = (code: string) => Object.assign(new Error(code), { code });

describe('toUpstreamError', () => {
  it.each([
    [401, {}, 'auth'],
    [402, {}, 'auth'],
    [403, {}, 'auth'],
    [403, { message: 'Your input was flagged' }, 'content_filter'],
    [404, {}, 'model_not_found'],
    [400, { code: 'model_not_found' }, 'model_not_found'],
    [408, {}, 'timeout'],
    [429, {}, 'rate_limit'],
    [429, { code: 'insufficient_quota' }, 'quota'],
    [429, { message: 'Too many tokens, slow down' }, 'rate_limit'],
    [503, {}, 'overloaded'],
    [529, {}, 'overloaded'],
    [400, { code: 'context_length_exceeded' }, 'context_length'],
    [400, { message: "This model's maximum context length is 8192 tokens" }, 'context_length'],
    [422, { detail: 'prompt is too long: 9 tokens' }, 'context_length'],
    [413, { message: 'larger than the context window' }, 'context_length'],
    [400, { code: 'content_policy_violation' }, 'content_filter'],
    [400, { code: 'content_filter' }, 'content_filter'],
    [400, { code: 'other' }, 'bad_request'],
    [422, { detail: [{ msg: 'field required' }] }, 'bad_request'],
    [409, {}, 'bad_request'],
    [500, { message: 'the context window broke' }, 'server'],
    [502, {}, 'server'],
    [301, {}, 'server'],
  ])('classifies %i %j as %s', (status, body, failure) => {
    expect(refused(status, body)).toMatchObject({ provider: 'p', failure });
  });

  it('quotes the provider where the caller can mend it, without keys', () => {
    const error = refused(400, {
      message: `bad ${KEY} and sk-proj-abcdefgh1234 in\nheader "Bearer abc.def"`,
      param: 'messages[0]',
    });
    expect(error).toMatchObject({ message: 'p: bad *** and *** in header "***', param: 'messages[0]' });
  });

  it.each([401, 429, 500, 503])('says nothing of the body of a %i, and keeps it for the log', (status) => {
    const error = refused(status, { message: `inner ${KEY}` }) as UpstreamError;
    expect(error.message).not.toContain('inner');
    expect(error.cause).toMatchObject({ message: `${status}: inner ***` });
  });

  it('shows no HTML', () => {
    const error = classify(APIError.generate(404, undefined, '<html>nginx</html>', new Headers()));
    expect(error).toMatchObject({ message: 'p refused the request.' });
  });

  it('says when to try again', () => {
    expect(refused(429, {}, { 'retry-after': '7' })).toMatchObject({ retryAfterSeconds: 7 });
  });

  it.each([
    [new APIConnectionError({ cause: coded('ECONNREFUSED') }), false, 'connection'],
    [new APIConnectionTimeoutError(), false, 'timeout'],
    [coded('ETIMEDOUT'), false, 'timeout'],
    [coded('UND_ERR_SOCKET'), true, 'truncated'],
    [coded('UND_ERR_SOCKET'), false, 'connection'],
    [coded('ECONNRESET'), true, 'truncated'],
    [new RangeError('too long'), true, 'server'],
  ])('classifies %s', (error, received, failure) => {
    expect(classify(error, received)).toMatchObject({ failure });
  });

  it('leaves our own errors and mistakes as they are', () => {
    for (const error of [unsupportedParameter('p', 'n'), new TypeError('bug')]) expect(classify(error)).toBe(error);
  });
});

describe('masked', () => {
  it('caps what is shown', () => {
    expect(masked('x'.repeat(9000), null)).toHaveLength(501);
  });
});

describe('retryAfterSeconds', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    [{}, null],
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0.5' }, 1],
    [{ 'retry-after': '999999' }, 3600],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30],
    [{ 'retry-after': 'Thu, 01 Jan 2015 00:00:30 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 2],
    [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9],
  ])('reads %j as %s', (headers, seconds) => {
    expect(retryAfterSeconds(new Headers(headers as Record<string, string>), now)).toBe(seconds);
  });
});
