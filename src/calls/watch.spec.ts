import { Watch } from './watch';

describe('Watch', () => {
  const late = jest.fn();
  const watch = () => new Watch({ first: 1_000, idle: 300, whole: 5_000 }, late);
  beforeEach(() => {
    jest.useFakeTimers();
    late.mockReset();
  });
  afterEach(() => jest.useRealTimers());

  it('waits for the first content', () => {
    watch().waiting();
    jest.advanceTimersByTime(999);
    expect(late).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2);
    expect(late.mock.calls).toEqual([[1_000, true]]);
  });

  it('then for each next one', () => {
    const watched = watch();
    watched.begin();
    for (let i = 0; i < 10; i++) {
      watched.waiting();
      jest.advanceTimersByTime(290);
      watched.heard();
    }
    expect(late).not.toHaveBeenCalled();
    watched.waiting();
    jest.advanceTimersByTime(302);
    expect(late.mock.calls).toEqual([[300, true]]);
  });

  it('does not take a slow reader of ours for a silent provider', () => {
    const watched = watch();
    watched.waiting();
    watched.heard();
    watched.begin();
    jest.advanceTimersByTime(4_000);
    expect(late).not.toHaveBeenCalled();
    watched.waiting();
    jest.advanceTimersByTime(302);
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('bounds the whole, however lively', () => {
    const watched = watch();
    watched.begin();
    for (let i = 0; i < 25; i++) {
      watched.waiting();
      jest.advanceTimersByTime(201);
      watched.heard();
    }
    expect(late.mock.calls[0]).toEqual([5_000, true]);
  });

  it('tells when the whole was used up by our reader', () => {
    const watched = watch();
    watched.waiting();
    watched.heard();
    watched.begin();
    jest.advanceTimersByTime(5_001);
    expect(late.mock.calls).toEqual([[5_000, false]]);
  });

  it('says nothing once it has ended', () => {
    watch().end();
    jest.advanceTimersByTime(10_000);
    expect(late).not.toHaveBeenCalled();
  });
});

describe('Watch in a process that stalls', () => {
  it('gives the provider the time back that the process was away', async () => {
    const late = jest.fn();
    const watch = new Watch({ first: 100, idle: 100, whole: 60_000 }, late);
    watch.waiting();
    const until = performance.now() + 300;
    while (performance.now() < until); // what came meanwhile is read only afterwards
    await new Promise((turn) => setImmediate(turn));
    await new Promise((turn) => setImmediate(turn));
    expect(late).not.toHaveBeenCalled();
    watch.end();
  });
});
