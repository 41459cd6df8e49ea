import { z } from 'zod';
import { DomainError } from '../errors/domain.error';
import { ZodBody } from './zod-body';

const schema = z.strictObject({
  name: z.string(),
  items: z.array(z.union([z.string(), z.strictObject({ kind: z.literal('a'), size: z.int() })])).optional(),
});

function refusalOf(body: unknown): DomainError {
  try {
    new ZodBody(schema).transform(body);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('ZodBody', () => {
  it('names every bad field by its path', () => {
    const { code, details, param } = refusalOf({ name: 1, items: ['x', { kind: 'a', size: 1.5 }], more: true });

    expect(code).toBe('validation_failed');
    expect(details.map(({ field }) => field)).toEqual(expect.arrayContaining(['name', 'items[1].size', 'more']));
    expect(details).toContainEqual({ field: 'more', message: "Unknown field 'more'." });
    expect(param).toBe(details[0]?.['field']);
  });

  it('takes no body for an empty one', () => {
    expect(refusalOf(undefined).details).toMatchObject([{ field: 'name' }]);
  });

  it('gives back what is valid', () => {
    expect(new ZodBody(schema).transform({ name: 'x' })).toEqual({ name: 'x' });
  });
});
