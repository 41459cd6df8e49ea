import { changesOf } from './audit.codec';

interface Thing {
  name: string | null;
  scopes: string[] | null;
  secret: string;
}

describe('changesOf', () => {
  it('tells what differs, of the attributes named and no others', () => {
    const before: Thing = { name: 'a', scopes: ['x'], secret: 's' };
    const after: Thing = { name: 'b', scopes: ['x'], secret: 't' };
    expect(changesOf(before, after, ['name', 'scopes'])).toEqual({ name: { before: 'a', after: 'b' } });
  });

  it('has null for what was not there before, or is no longer', () => {
    const thing: Thing = { name: 'a', scopes: null, secret: 's' };
    expect(changesOf(null, thing, ['name', 'scopes'])).toEqual({ name: { before: null, after: 'a' } });
    expect(changesOf(thing, null, ['name', 'scopes'])).toEqual({ name: { before: 'a', after: null } });
  });
});
