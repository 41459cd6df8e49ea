import fc from 'fast-check';
import { expand, mistakeOf, variablesOf } from './url-template';

const TEMPLATE = 'https://api.example.com/v1/users/{id}/posts/{post}?lang={lang}&x=1';
const fill = (id: unknown, post: unknown = 'p', lang: unknown = 'de') => expand(TEMPLATE, { id, post, lang });

describe('a URL template', () => {
  it('has variables in its path and query', () => {
    expect(mistakeOf(TEMPLATE)).toBeNull();
    expect(variablesOf(TEMPLATE)).toEqual(['id', 'post', 'lang']);
    expect(mistakeOf('http://localhost:8080')).toBeNull();
    expect(mistakeOf('https://example.com?q={q}')).toBeNull();
  });

  it.each([
    'ftp://example.com/{x}',
    '/v1/{x}',
    'https://{host}/v1',
    'https://example.com:{port}/v1',
    'https://example.com{path}',
    'https://user:pass@example.com/',
    'https://example.com\\@evil.example/',
    'https://example.com/{x}#part',
    'https://example.com/{x',
    'https://example.com/x}',
    'https://example.com/{}',
    'https://example.com/{+x}',
    'https://example.com/{a b}',
    'https://example.com/a/../{x}',
    'https://example.com/a/%2e%2e/{x}',
    'https://exa mple.com/',
    'https:///x',
    '',
  ])('is not %s', (template) => expect(mistakeOf(template)).not.toBeNull());

  it.each([['../admin'], ['..'], ['.'], ['..\\admin'], ['a/../../b'], [''], [null], [undefined]])(
    'is not filled with %j',
    (value) => expect(() => fill(value)).toThrow(/address/),
  );

  it.each([
    ['a/b', 'a%2Fb'],
    ['a@b', 'a%40b'],
    ['?x=1', '%3Fx%3D1'],
    ['#x', '%23x'],
    ['//evil.example', '%2F%2Fevil.example'],
    ['a\nb', 'a%0Ab'],
    ['\r\nHost: x', '%0D%0AHost%3A%20x'],
    ['%2e%2e', '%252e%252e'],
    ['...', '...'],
    ['a\\b', 'a%5Cb'],
    ["!'()*", '%21%27%28%29%2A'],
    ['\ud800', '%EF%BF%BD'],
    ['ü&', '%C3%BC%26'],
    [7, '7'],
    [true, 'true'],
    [['a', 'b,c'], 'a,b%2Cc'],
    [{ a: 1 }, '%7B%22a%22%3A1%7D'],
  ])('is filled with %j without leaving its place', (value, expected) => {
    const url = fill(value);
    expect(url.href).toBe(`https://api.example.com/v1/users/${expected}/posts/p?lang=de&x=1`);
  });

  it('has the same host, path segments and query fields whatever it is filled with', () => {
    const any = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'./\\%2eE@?#&=:\n') }));
    fc.assert(
      fc.property(any, any, any, (id, post, lang) => {
        let url: URL;
        try {
          url = fill(id, post, lang);
        } catch {
          return; // refused
        }
        expect(url.origin).toBe('https://api.example.com');
        const [, v1, users, one, posts, two, ...more] = url.pathname.split('/');
        expect([v1, users, posts, more]).toEqual(['v1', 'users', 'posts', []]);
        expect([one, two].map((part) => decodeURIComponent(part!))).toEqual([id, post].map((s) => s.toWellFormed()));
        expect([...url.searchParams.keys()]).toEqual(['lang', 'x']);
        expect([url.hash, url.username]).toEqual(['', '']);
      }),
    );
  });

  it('is not filled with two variables that are dots together', () => {
    expect(() => expand('https://example.com/{a}{b}/x', { a: '.', b: '.' })).toThrow(/address/);
  });
});
