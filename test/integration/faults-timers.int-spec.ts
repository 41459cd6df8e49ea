import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallsService } from '../../src/calls/calls.service';
import { type CallEvent, type CallOrder } from '../../src/calls/calls.types';
import { AccessRules } from '../../src/platform/common/auth/access-rules';
import { Config } from '../../src/platform/config/config.service';
import { ProvidersService } from '../../src/providers/providers.service';
import { type LedgerRepository } from '../../src/usage/ledger.repository';
import { LedgerService } from '../../src/usage/ledger.service';
import { RateLimitsService } from '../../src/usage/rate-limits.service';
import { type ReservationsRepository } from '../../src/usage/reservations.repository';
import { ReservationsService } from '../../src/usage/reservations.service';
import { type CallRecord } from '../../src/usage/usage.types';
import { memoryStore } from '../support/stores';
import { until } from '../support/until';
import { type Upstream, startUpstream } from '../support/upstreams/upstream';

/** Limits stay as long as they are by default, so that a timer that is left behind is still there when it is looked for. */
const YAML = `
retry: { base: 1ms, cap: 1ms, retry_after: 10m }
routes:
  silent: { targets: [ { model: openai/hang, timeout: 50ms } ] }
  patient: { targets: [ { model: openai/hang, timeout: 50ms }, { model: openai/words-3 } ] }
tiers: { any: { concurrent: 100, tokens_per_minute: 1000000 } }
default_tier: any
`;
const PRINCIPAL: CallOrder['principal'] = {
  userId: 'u',
  workspaceId: 'w',
  role: 'owner',
  instanceAdmin: false,
  apiKeyId: null,
  scopes: null,
  rules: AccessRules.NONE,
  tier: null,
};

describe('a call that is over', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-timers-'));
  const written: CallRecord[] = [];
  const repository = {
    openLeases: () => Promise.resolve(),
    settle: (records: CallRecord[]) => Promise.resolve(void written.push(...records)),
    release: () => Promise.resolve(),
  };
  let upstream: Upstream;
  let providers: ProvidersService;
  let limits: RateLimitsService;
  let ledger: LedgerService;
  let calls: CallsService;
  beforeAll(async () => {
    upstream = await startUpstream('openai');
    const PARLEY_CONFIG = join(dir, 'parley.yaml');
    writeFileSync(PARLEY_CONFIG, YAML);
    const env = { DATA_DIR: dir, PARLEY_CONFIG, OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: upstream.url };
    const config = Config.load(env);
    const { marks, windows, slots } = memoryStore();
    providers = new ProvidersService(config, marks);
    limits = new RateLimitsService(config, windows, slots);
    const reservations = new ReservationsService({
      budgeted: (callers: unknown[]) => Promise.resolve(callers.map(() => false)),
    } as unknown as ReservationsRepository);
    ledger = new LedgerService(repository as unknown as LedgerRepository, reservations);
    calls = new CallsService(config, providers, limits, ledger, reservations);
  });
  afterAll(async () => {
    await providers.onApplicationShutdown();
    await upstream.close();
    rmSync(dir, { recursive: true });
  });

  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  type Leave = (event: CallEvent) => boolean;
  const never: Leave = () => false;
  /** How it ended, with the caller's signal; the caller may break out. */
  const run = async (order: Partial<CallOrder>, signal: AbortSignal, leave = never): Promise<string> => {
    const request = { messages: [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hi' }] }] };
    const common = { principal: PRINCIPAL, kind: 'chat' as const, requestId: 'r', messageId: null, stream: true };
    try {
      for await (const event of calls.generate({ ...common, request, signal, ...order }))
        if (leave(event)) return 'left';
      return 'complete';
    } catch (error) {
      return (error as { code?: string }).code ?? (error as Error).message;
    }
  };

  const ENDS: [name: string, order: Partial<CallOrder>, ending: string, leave?: Leave][] = [
    ['complete', { model: 'openai/words-3' }, 'complete'],
    ['complete, not streamed', { model: 'openai/words-3', stream: false }, 'complete'],
    ['refused', { model: 'openai/status-400' }, 'provider_refused_request'],
    ['failed again and again', { model: 'openai/status-500' }, 'provider_failed'],
    ['failed by all', { model: 'openai/status-401', fallbacks: ['openai/status-403'] }, 'all_providers_failed'],
    ['answered by a fallback', { model: 'openai/status-500', fallbacks: ['openai/words-3'] }, 'complete'],
    ['cut', { model: 'openai/cut-after-2' }, 'upstream_truncated'],
    ['late', { model: 'silent' }, 'upstream_timeout'],
    ['answered by another after one was late', { model: 'patient' }, 'complete'],
    ['out of time', { model: 'openai/hang-after-2', timeoutMs: 50 }, 'upstream_timeout'],
    ['out of time while it waits', { model: 'openai/limit-60', timeoutMs: 50 }, 'provider_overloaded'],
    ['won in a race', { race: ['openai/hang', 'openai/words-3', 'openai/late-60000-1'] }, 'complete'],
    ['lost by all in a race', { race: ['openai/status-500', 'openai/empty'] }, 'all_providers_failed'],
    ['left at the first word', { model: 'openai/slow-50' }, 'left', ({ type }) => type === 'text'],
    [
      'left by the winner of a race',
      { race: ['openai/hang', 'openai/slow-50'] },
      'left',
      ({ type }) => type === 'start',
    ],
  ];

  const expectNothingLeft = async (before: number, signal: AbortSignal) => {
    await ledger.settled();
    await until(
      () => upstream.open(),
      (open) => open === 0,
    );
    await until(timers, (now) => now === before);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect((await limits.report(PRINCIPAL)).concurrent).toMatchObject({ held: 0 });
  };

  it.each(ENDS)('leaves no timer and no listener behind: %s', async (_, order, ending, leave = never) => {
    const { signal } = new AbortController();
    const before = timers();
    expect(await run(order, signal, leave)).toBe(ending);
    await expectNothingLeft(before, signal);
  });

  it.each<[string, Partial<CallOrder>]>([
    ['before the head', { model: 'openai/hang' }],
    ['in the middle', { model: 'openai/hang-after-2' }],
    ['not streamed', { model: 'openai/hang', stream: false }],
    ['in a race', { race: ['openai/hang', 'openai/late-60000-1'] }],
    ['between two rounds', { model: 'openai/limit-60' }],
  ])('leaves none when it is aborted: %s', async (_, order) => {
    const gone = new AbortController();
    const [before, sent] = [timers(), upstream.requests.length];
    const ended = run(order, gone.signal);
    await until(
      () => upstream.requests.length - sent,
      (count) => count === (order.race?.length ?? 1),
    );
    if (order.model === 'openai/limit-60')
      await until(
        () => upstream.open(),
        (open) => open === 0,
      );
    gone.abort(new Error('gone'));
    expect(await ended).toBe('gone');
    await expectNothingLeft(before, gone.signal);
  });

  it('has billed every request', () => {
    expect(written.length).toBe(new Set(written.map(({ id }) => id)).size);
    expect(written.length).toBe(upstream.requests.length);
  });

  it('has used the tokens that were billed, whatever was estimated', async () => {
    const billed = written.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
    expect(billed).toBeGreaterThan(100);
    const { rates } = await limits.report(PRINCIPAL);
    expect(rates.map(({ limit, remaining }) => limit - remaining)).toEqual([billed]);
  });
});
