import fc from 'fast-check';
import { closingId, DATA, decode, END, entryId, type StreamEntry } from './redis-log-format';

/** A stream entry with the events `first` to `last`. */
const entry = (first: number, last: number): StreamEntry => [
  entryId(last),
  Array.from({ length: last - first + 1 }, (_, i) => [DATA, `event ${first + i}`]).flat(),
];
const events = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({ seq: from + i, data: `event ${from + i}` }));

describe('decode', () => {
  it('gives every event once, however they are grouped and however often they were sent', () => {
    const group = fc.record({ length: fc.integer({ min: 1, max: 5 }), again: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(group), fc.nat(20), (groups, after) => {
        let last = 0;
        const stream = groups.map(({ length, again }) => {
          const first = Math.max(1, last + 1 - again);
          last += length;
          return entry(first, last);
        });
        const unread = stream.filter(([id]) => Number.parseInt(id, 10) > after); // as XRANGE gives them
        expect(decode(unread, after)).toEqual({ entries: events(after + 1, last), more: true });
      }),
    );
  });

  it('stops before a gap', () => {
    expect(decode([entry(1, 3), entry(5, 6)], 0)).toEqual({ entries: events(1, 3), more: false });
    expect(decode([entry(5, 6)], 3)).toEqual({ entries: [], more: false });
  });

  it('stops at the end', () => {
    expect(decode([entry(1, 2), [closingId(2), [END, '']]], 0)).toEqual({ entries: events(1, 2), more: false });
    expect(decode([[closingId(2), [END, '']]], 2)).toEqual({ entries: [], more: false });
  });
});
