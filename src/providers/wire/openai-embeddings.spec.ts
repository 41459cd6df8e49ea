import { type EmbeddingModelRequest } from '../providers.types';
import { type ChatDialect } from './openai-dialect';
import { readEmbeddings, toEmbeddingsBody } from './openai-embeddings';

const request: EmbeddingModelRequest = { model: 'm', requestId: 'r', inputs: ['a', [1, 2]] };
const dialect = (vectors: ChatDialect['vectors']) => ({ vectors }) as ChatDialect;
const context = { provider: 'vllm', apiKey: 'sk-secret-key-0001' };
const read = (body: unknown, count = 2) => readEmbeddings(JSON.stringify(body), count, context);
const base64 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');

describe('toEmbeddingsBody', () => {
  it('asks for bytes where the server has them', () => {
    expect(toEmbeddingsBody(request, dialect('base64'))).toEqual({
      model: 'm',
      input: ['a', [1, 2]],
      encoding_format: 'base64',
    });
    expect(toEmbeddingsBody(request, dialect(null))).toEqual({ model: 'm', input: ['a', [1, 2]] });
  });

  it('passes on what it does not know, and lets nothing of it win', () => {
    const passthrough = { input_type: 'query', model: 'other', input: 'other' };
    const body = toEmbeddingsBody({ ...request, dimensions: 3, endUser: 'u', passthrough }, dialect(null));
    expect(body).toEqual({ input_type: 'query', model: 'm', input: ['a', [1, 2]], dimensions: 3, user: 'u' });
  });
});

describe('readEmbeddings', () => {
  it('reads numbers and bytes, in the order of the inputs', () => {
    const data = [
      { index: 1, embedding: base64(0.5, -2) },
      { index: 0, embedding: [1, 0.25] },
    ];
    const { vectors, usage } = read({ data, usage: { prompt_tokens: 7, total_tokens: 7 } });
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 0.25],
      [0.5, -2],
    ]);
    expect(usage).toMatchObject({ inputTokens: 7, outputTokens: 0 });
  });

  it('takes the order for the index where there is none, and no usage for none', () => {
    const { vectors, usage } = read({ data: [{ embedding: [1] }, { embedding: [2] }] });
    expect([vectors.map(([first]) => first), usage]).toEqual([[1, 2], null]);
  });

  const one = { index: 0, embedding: [1] };
  it.each<[string, unknown]>([
    ['too few', { data: [one] }],
    ['too many', { data: [one, { index: 1, embedding: [1] }, { index: 2, embedding: [1] }] }],
    ['one twice', { data: [one, one] }],
    ['different lengths', { data: [one, { index: 1, embedding: [1, 2] }] }],
    ['nothing in one', { data: [one, { index: 1, embedding: [] }] }],
    ['what is no number', { data: [one, { index: 1, embedding: ['x'] }] }],
    ['what is not finite', { data: [one, { index: 1, embedding: base64(NaN) }] }],
    ['broken bytes', { data: [one, { index: 1, embedding: 'AAA=' }] }],
    ['another shape', { vectors: [[1], [2]] }],
    ['no object', 'sorry'],
  ])('is told no vectors by %s', (_, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ failure: 'server', code: 'provider_failed' }));
  });

  it('tells what can’t be read from an error that came with 200', () => {
    expect(() => readEmbeddings('{"data":[', 1, context)).toThrow(expect.objectContaining({ failure: 'server' }));
    const body = { error: { message: 'the key sk-secret-key-0001 is too long', code: 'context_length_exceeded' } };
    const thrown = (() => {
      try {
        return read(body);
      } catch (error) {
        return error as Error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'context_length_exceeded' });
    expect((thrown as Error).message).not.toContain('sk-secret-key-0001');
  });
});
