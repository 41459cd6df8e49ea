import { CustomToolBody } from './custom-tool-body';

const ENDPOINT = { name: 'x', description: 'x', url: 'https://x.example/{a}' };
const check = (body: unknown) => new CustomToolBody().transform(body);

describe('what HTTP tools are made of', () => {
  it('is an endpoint, or a document', () => {
    expect(check(ENDPOINT)).toMatchObject({ method: 'GET', timeout_ms: 30_000, price_usd: '0' });
    expect(check({ openapi: 'https://x.example/openapi.json' })).toMatchObject({ timeout_ms: 30_000 });
  });

  it.each([
    [{ name: 'a b' }, 'name'],
    [{ url: 'https://{host}/' }, 'url'],
    [{ url: 'ftp://x' }, 'url'],
    [{ method: 'TRACE' }, 'method'],
    [{ headers: { 'bad name': 'x' } }, 'headers.bad name'],
    [{ headers: { Host: 'x' } }, 'headers.Host'],
    [{ headers: { 'x-a': 'a\r\nb: c' } }, 'headers.x-a'],
    [{ headers: { 'x-a': '€' } }, 'headers.x-a'],
    [{ idempotency_header: 'Content-Length' }, 'idempotency_header'],
    [{ timeout_ms: 1 }, 'timeout_ms'],
    [{ price_usd: '-1' }, 'price_usd'],
    [{ surprise: 1 }, 'surprise'],
  ])('is not an endpoint with %j', (more, field) => {
    expect(() => check({ ...ENDPOINT, ...more })).toThrow(
      expect.objectContaining({ details: [expect.objectContaining({ field })] }),
    );
  });

  it.each([
    [{ openapi: 7 }, 'openapi'],
    [{ openapi: {}, name: 'x' }, 'name'],
    [{ openapi: {}, base_url: 'x' }, 'base_url'],
    [{ openapi: {}, base_url: 'https://x.example/{a}' }, 'base_url'],
    [{ openapi: {}, operations: [] }, 'operations'],
    [{ openapi: {}, prefix: 'a b' }, 'prefix'],
  ])('is not a document with %j', (body, field) => {
    expect(() => check(body)).toThrow(expect.objectContaining({ details: [expect.objectContaining({ field })] }));
  });
});
