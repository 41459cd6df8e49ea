import { type HttpOperation } from './custom-tools.types';
import { toRequest } from './http-request';

const operation = (more: Partial<HttpOperation>): HttpOperation => ({
  name: 'x',
  description: 'x',
  method: 'GET',
  url: 'https://api.example.com/things/{id}',
  parameters: { type: 'object' },
  placements: [],
  rest: 'query',
  sideEffects: 'reads',
  idempotencyHeader: null,
  timeoutMs: 1_000,
  priceUsd: '0',
  ...more,
});

describe('the request of a tool', () => {
  it('has arguments without a place in its query, lists again and again', () => {
    const { url, body } = toRequest(operation({}), { id: 'a b', tag: ['x', 'y&z'], at: { a: 1 }, none: null });
    expect(url).toBe('https://api.example.com/things/a%20b?tag=x&tag=y%26z&at=%7B%22a%22%3A1%7D&none=');
    expect(body).toBeUndefined();
  });

  it('keeps the query of its template', () => {
    const { url } = toRequest(operation({ url: 'https://api.example.com/?v=2&q={q}' }), { q: 'a&v=3', page: 1 });
    expect(url).toBe('https://api.example.com/?v=2&q=a%26v%3D3&page=1');
  });

  it('has them in a JSON body where it has one, which is an empty object without any', () => {
    const post = operation({ method: 'POST', rest: 'field' });
    expect(toRequest(post, { id: 7, name: 'Ann', tags: ['x'] })).toMatchObject({
      method: 'POST',
      url: 'https://api.example.com/things/7',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"Ann","tags":["x"]}',
    });
    expect(toRequest(post, { id: 7 }).body).toBe('{}');
  });

  it('puts what has a place there, under the name it has there', () => {
    const placed = operation({
      method: 'PUT',
      placements: [
        { argument: 'query_id', in: 'query', name: 'id' },
        { argument: 'trace', in: 'header', name: 'X-Trace' },
        { argument: 'filter_a_', in: 'query', name: 'filter[a]' },
        { argument: 'body', in: 'json', name: 'body' },
      ],
    });
    const request = toRequest(placed, { id: 1, query_id: 2, trace: 'abc', filter_a_: 'x', body: [1, 2] });
    expect(request.url).toBe('https://api.example.com/things/1?id=2&filter%5Ba%5D=x');
    expect(request.headers).toMatchObject({ 'x-trace': 'abc' });
    expect(request.body).toBe('[1,2]');
  });

  it('has no header that ends early', () => {
    const placed = operation({ placements: [{ argument: 'trace', in: 'header', name: 'X-Trace' }] });
    expect(() => toRequest(placed, { id: 1, trace: 'a\r\nAuthorization: x' })).toThrow(/trace/);
  });

  it('takes a field called __proto__ for one like others', () => {
    const input = JSON.parse('{"id":1,"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(toRequest(operation({ method: 'POST', rest: 'field' }), input).body).toBe('{"__proto__":{"admin":true}}');
  });
});
