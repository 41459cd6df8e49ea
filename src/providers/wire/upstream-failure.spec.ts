import { type UpstreamError, upstreamTruncated } from '../providers.errors';
import { networkFailure, toldFailure } from './upstream-failure';

const KEY = 'key-of-the-house';
const coded = (code: string) => Object.assign(new Error('socket'), { code });

describe('toldFailure', () => {
  it('quotes the provider only where the caller can mend it, and never a key', () => {
    const message = `bad top_p, key ${KEY} or sk-ant-api03-abcdef123456 or Bearer abc.def`;
    const tell = (failure: 'bad_request' | 'auth' | 'server') =>
      toldFailure({ provider: 'p', failure, message, apiKey: KEY }).message;
    expect(tell('bad_request')).toBe('p: bad top_p, key *** or *** or ***');
    expect(tell('auth')).not.toContain('top_p');
    expect(tell('server')).toBe('p failed.');
  });

  it('takes over how long to wait', () => {
    const headers = new Headers({ 'retry-after': '7' });
    const told = { provider: 'p', failure: 'rate_limit' as const, message: '', apiKey: null };
    expect(toldFailure({ ...told, headers }).retryAfterSeconds).toBe(7);
    expect(toldFailure(told).retryAfterSeconds).toBeNull();
  });
});

describe('networkFailure', () => {
  it('tells an unreachable provider from one that broke off', () => {
    expect(networkFailure('p', coded('ECONNREFUSED'), false)).toMatchObject({ failure: 'connection', cure: 'wait' });
    expect(networkFailure('p', coded('ETIMEDOUT'), false)).toMatchObject({ failure: 'timeout' });
    expect(networkFailure('p', coded('UND_ERR_SOCKET'), true)).toMatchObject({ failure: 'truncated' });
    expect(networkFailure('p', new RangeError('too long'), true)).toMatchObject({ failure: 'server' });
  });

  it('leaves alone what is classified, and what is no failure of the network', () => {
    const known: UpstreamError = upstreamTruncated('p');
    const mistake = new TypeError('x is not a function');
    expect(networkFailure('p', known, false)).toBe(known);
    expect(networkFailure('p', mistake, true)).toBe(mistake);
  });
});
