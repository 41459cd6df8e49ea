import fc from 'fast-check';
import { type EmbeddingInput } from '../providers/providers.types';
import { type Target } from '../providers/providers.service';
import { batchesOf } from './embedding';
import { estimateInput } from './estimate';

const sizeOf = (input: EmbeddingInput) => (typeof input === 'string' ? Buffer.byteLength(input) : input.length);

describe('batchesOf', () => {
  it('keeps every input in its order, within what one request takes', () => {
    const anyInput = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.array(fc.nat(), { minLength: 1 }));
    const anyLimits = fc.record({
      dimensions: fc.constantFrom(null, 8, 1536, 16_000),
      maxInputs: fc.integer({ min: 1, max: 20 }),
      maxTokens: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(anyInput, { minLength: 1, maxLength: 100 }), anyLimits, (inputs, limits) => {
        const batches = batchesOf(inputs, limits);
        expect(batches.flat()).toEqual(inputs);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(limits.maxInputs);
          const tokens = batch.reduce((sum, input) => sum + sizeOf(input), 0);
          if (batch.length > 1) expect(tokens).toBeLessThanOrEqual(limits.maxTokens);
        }
      }),
    );
  });

  it('keeps the answer readable: fewer inputs where vectors are long', () => {
    const inputs = Array<string>(2048).fill('a');
    const largest = (dimensions: number | null) =>
      Math.max(...batchesOf(inputs, { dimensions, maxInputs: 2048, maxTokens: 1e6 }).map(({ length }) => length));
    expect([largest(384), largest(1536), largest(3072), largest(null)]).toEqual([2048, 682, 341, 256]);
  });
});

describe('estimateInput', () => {
  it('counts texts to be embedded without anything around them, and tokens as they are', () => {
    const target = {
      provider: { id: 'openai' },
      model: 'text-embedding-3-small',
      info: { contextWindow: 8 },
    } as Target;
    const inputs = ['The quick brown fox jumps over the lazy dog.', [1, 2, 3]];
    const { tokens, upper } = estimateInput({ inputs }, target);
    expect(tokens).toBe(13); // 10 of cl100k and 3
    expect(upper).toBe(14);
  });
});
