import { ClientGone } from '../../platform/common/http/client-gone';
import { DomainError } from '../../platform/common/errors/domain.error';
import { UpstreamError, type UpstreamFailure } from '../../providers/providers.errors';
import { type LedgerService } from '../../usage/ledger.service';
import { type CallRecord } from '../../usage/usage.types';
import { type CallStage, type ModelCall } from '../calls.types';

/** Holds a lease while the call runs and writes its usage row when it ends, however it ends. */
export const meterStage = (ledger: LedgerService): CallStage =>
  async function* (call, next) {
    const { tally } = call;
    const live = { id: call.id, record: () => recordOf(call) };
    await ledger.open(live);
    let dispatched = false;
    try {
      call.signal.throwIfAborted(); // the caller left while the lease was written
      dispatched = true;
      yield* next(call);
      tally.end('success');
    } catch (error) {
      dispatched &&= !isRefusedByUs(error);
      tally.owed = tally.began || !isRefusedByProvider(error);
      tally.end(isGone(error) ? 'cancelled' : 'error', error instanceof DomainError ? error.code : null);
      throw error;
    } finally {
      // Still open when the consumer simply stopped listening.
      if (tally.outcome === 'interrupted') tally.end('cancelled');
      if (dispatched) {
        call.onSettled?.(live.record());
        ledger.settle(live);
      } else {
        ledger.release(live);
      }
    }
  };

const isGone = (error: unknown) => error instanceof ClientGone;

/** A request that can't be sent never left: adapters raise that before any network. */
const isRefusedByUs = (error: unknown) => error instanceof DomainError && !(error instanceof UpstreamError);

const AT_WORK: readonly UpstreamFailure[] = ['timeout', 'truncated'];

/** Nothing was generated. A timeout or a lost client is another matter: the provider was at work and will bill it. */
const isRefusedByProvider = (error: unknown) =>
  error instanceof UpstreamError && (error.unsent || !AT_WORK.includes(error.failure));

function recordOf({ id, principal, kind, target, tally, request, requestId, messageId }: ModelCall): CallRecord {
  const usage = tally.usage(request);
  return {
    id,
    at: tally.startedAt,
    workspaceId: principal.workspaceId,
    userId: principal.userId,
    apiKeyId: principal.apiKeyId,
    endUser: request.endUser ?? null,
    kind,
    provider: target?.adapter.id ?? '',
    model: target?.model ?? '',
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedTokens: usage.cachedInputTokens,
    cacheWriteTokens: usage.cacheWriteTokens,
    reasoningTokens: usage.reasoningTokens,
    cost: target && tally.cost(target, usage),
    estimated: tally.estimated,
    outcome: tally.outcome,
    errorCode: tally.errorCode,
    latencyMs: tally.latencyMs,
    ttftMs: tally.ttftMs,
    requestId,
    messageId,
  };
}
