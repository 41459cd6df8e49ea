import { readCredentials } from './credentials';

const KEY = `parley_${'k'.repeat(43)}`;
const reading = (...pairs: [string, string][]) => {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) headers[name.toLowerCase()] ??= value; // as Node does for Authorization
  return () => readCredentials({ headers, rawHeaders: pairs.flat() });
};
const code = (name: string): Error => expect.objectContaining({ kind: 'unauthenticated', code: name });

describe('reading credentials', () => {
  it('takes an access token or an API key as a bearer, and an API key in its own header', () => {
    expect(reading(['Authorization', 'Bearer a.b.c'])()).toEqual({ kind: 'token', token: 'a.b.c' });
    expect(reading(['authorization', `bearer ${KEY}`])()).toEqual({ kind: 'api_key', key: KEY });
    expect(reading(['X-Api-Key', KEY])()).toEqual({ kind: 'api_key', key: KEY });
  });

  it('says when there are none', () => {
    expect(reading()).toThrow(code('missing_credentials'));
    expect(reading(['Authorization', ''])).toThrow(code('missing_credentials'));
    expect(reading(['Authorization', 'Bearer '])).toThrow(code('missing_credentials'));
    expect(reading(['X-API-Key', ''])).toThrow(code('missing_credentials'));
  });

  it.each(['Basic dXNlcjpwYXNz', 'Bearer a b', 'a.b.c', "Bearer ' OR '1'='1", 'Bearer\ta.b.c', '\u00e9\u00e8'])(
    'refuses the junk %p',
    (value) => {
      expect(reading(['Authorization', value])).toThrow(code('invalid_token'));
    },
  );

  it('refuses more than one Authorization header', () => {
    expect(reading(['Authorization', `Bearer ${KEY}`], ['authorization', 'Bearer a.b.c'])).toThrow(
      code('invalid_token'),
    );
  });

  it('takes both headers only when they say the same', () => {
    expect(reading(['Authorization', `Bearer ${KEY}`], ['X-API-Key', KEY])()).toEqual({ kind: 'api_key', key: KEY });
    expect(reading(['Authorization', 'Bearer a.b.c'], ['X-API-Key', KEY])).toThrow(code('invalid_api_key'));
    expect(reading(['Authorization', `Bearer ${KEY}x`], ['X-API-Key', KEY])).toThrow(code('invalid_api_key'));
  });
});
