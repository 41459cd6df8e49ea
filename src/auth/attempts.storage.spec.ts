import { MemoryCounters } from '../platform/store/memory-counters';
import { AttemptsStorage } from './attempts.storage';

describe('AttemptsStorage', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const hit = (storage: AttemptsStorage, key = 'a') => storage.increment(key, 60_000, 2);

  it('blocks after the limit, until the window is over', async () => {
    const storage = new AttemptsStorage(new MemoryCounters());
    expect(await hit(storage)).toMatchObject({ totalHits: 1, isBlocked: false, timeToExpire: 60 });
    jest.advanceTimersByTime(20_000);
    expect(await hit(storage)).toMatchObject({ totalHits: 2, isBlocked: false, timeToExpire: 40 });
    expect(await hit(storage)).toMatchObject({ isBlocked: true, timeToBlockExpire: 40 });
    jest.advanceTimersByTime(40_000);
    expect(await hit(storage)).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('is not prolonged by attempts while it blocks', async () => {
    const storage = new AttemptsStorage(new MemoryCounters());
    for (let i = 0; i < 50; i++) await hit(storage);
    jest.advanceTimersByTime(60_000);
    expect(await hit(storage)).toMatchObject({ isBlocked: false });
  });

  it('counts keys apart', async () => {
    const storage = new AttemptsStorage(new MemoryCounters());
    for (let i = 0; i < 3; i++) await hit(storage, 'a');
    expect(await hit(storage, 'b')).toMatchObject({ totalHits: 1, isBlocked: false });
  });
});
