import { isUuid, newId } from './ids';

describe('newId', () => {
  it('makes valid, distinct ids that sort in the order they were made', () => {
    const ids = Array.from({ length: 10_000 }, newId);

    expect(ids.every(isUuid)).toBe(true);
    expect(ids.every((id) => id[14] === '7')).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('carries the time of its making', () => {
    const before = Date.now();
    const madeAt = Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16);

    expect(madeAt).toBeGreaterThanOrEqual(before);
    expect(madeAt).toBeLessThanOrEqual(Date.now());
  });
});
