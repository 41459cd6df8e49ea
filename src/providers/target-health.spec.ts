import { MemoryMarks } from '../platform/store/memory-marks';
import { targetResting, UpstreamError, type UpstreamFailure } from './providers.errors';
import { TargetHealth } from './target-health';

const settings = { threshold: 0.5, minimum: 4, window: 30_000, open: 1_000 };
const failure = (kind: UpstreamFailure) => new UpstreamError('p', kind, 'no');

describe('TargetHealth', () => {
  let marks: MemoryMarks;
  let health: TargetHealth;
  const fail = (times: number, kind: UpstreamFailure = 'server') => {
    for (let i = 0; i < times; i++) health.failed('p/m', failure(kind));
  };
  beforeEach(() => {
    jest.useFakeTimers();
    marks = new MemoryMarks();
    health = new TargetHealth(settings, marks);
  });
  afterEach(() => jest.useRealTimers());

  it('opens when too many of enough attempts failed', () => {
    fail(3);
    expect(health.admits('p/m')).toBe(true);
    fail(1);
    expect(health.state('p/m')).toBe('open');
    expect(health.admits('p/m')).toBe(false);
    expect(health.admits('p/other')).toBe(true);
  });

  it('stays closed while most succeed', () => {
    for (let i = 0; i < 20; i++) {
      fail(1);
      health.succeeded('p/m');
      health.succeeded('p/m');
    }
    expect(health.state('p/m')).toBe('closed');
  });

  it('stays closed when a few of many fail at once', () => {
    for (let i = 0; i < 100; i++) health.succeeded('p/m');
    fail(20);
    expect(health.state('p/m')).toBe('closed');
  });

  it('counts what happened within the window, however rarely it is called', () => {
    for (let i = 0; i < 20; i++) {
      fail(1);
      jest.advanceTimersByTime(12_000); // three within any 30 s
    }
    expect(health.state('p/m')).toBe('closed');
    fail(3);
    jest.advanceTimersByTime(3_600_000);
    fail(1);
    expect(health.state('p/m')).toBe('closed');
  });

  it.each<UpstreamFailure>(['auth', 'rate_limit', 'quota', 'bad_request', 'model_not_found', 'context_length'])(
    'does not hold %s against the target',
    (kind) => {
      fail(50, kind);
      expect(health.state('p/m')).toBe('closed');
    },
  );

  it('is probed by one at a time, and closed by its success', async () => {
    fail(4);
    jest.advanceTimersByTime(1_001);
    expect(health.state('p/m')).toBe('half_open');
    const other = new TargetHealth(settings, marks); // another process
    expect([await health.admits('p/m'), await health.admits('p/m'), await other.admits('p/m')]).toEqual([
      true,
      false,
      false,
    ]);
    health.succeeded('p/m');
    expect([health.state('p/m'), other.state('p/m'), other.admits('p/m')]).toEqual(['closed', 'closed', true]);
  });

  it('is left alone for twice as long when the probe fails', async () => {
    fail(4);
    jest.advanceTimersByTime(1_001);
    expect(await health.admits('p/m')).toBe(true);
    fail(1);
    jest.advanceTimersByTime(1_990);
    expect(health.state('p/m')).toBe('open');
    jest.advanceTimersByTime(20);
    expect(await health.admits('p/m')).toBe(true);
  });

  it('is open for a process that saw no failure itself', () => {
    fail(4);
    expect(new TargetHealth(settings, marks).admits('p/m')).toBe(false);
  });

  it('says when to come back', () => {
    expect(targetResting('p', 'm', 1_500)).toMatchObject({
      code: 'provider_overloaded',
      retryAfterSeconds: 2,
      cure: 'elsewhere',
    });
  });
});
