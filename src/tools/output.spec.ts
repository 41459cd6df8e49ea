import { fitting } from './output';

describe('the entries of a result', () => {
  const size = (item: object) => JSON.stringify(item).length + 1;
  const items = ['a', 'bb', 'ccc'].map((text) => ({ text }));

  it('are all of them where there is room', () => {
    expect(fitting(items, 1_000)).toEqual(items);
    expect(
      fitting(
        items,
        items.map(size).reduce((a, b) => a + b),
      ),
    ).toEqual(items);
    expect(fitting([], 1)).toEqual([]);
  });

  it('are the first that fit, and one at least', () => {
    expect(fitting(items, size(items[0]!) + size(items[1]!))).toEqual(items.slice(0, 2));
    expect(fitting(items, 1)).toEqual(items.slice(0, 1));
  });
});
