import { type Target } from '../../providers/providers.service';
import { type RateLimitsService } from '../../usage/rate-limits.service';
import { type CallAdmission } from '../../usage/rate-limits.types';
import { type CallEvent, type CallStage, type ModelCall, type NextCall } from '../calls.types';
import { isEmbedding } from '../embedding';
import { estimateInput } from '../estimate';

/**
 * Holds a call against what its caller's tier allows: a place among the calls under way, and the tokens it may use. At
 * its end, whatever that is, the place is free and the tokens are those it did use, of all its attempts.
 */
export const limitStage =
  (limits: RateLimitsService): CallStage =>
  (call, next) => {
    const { workspaceId, tier } = call.principal;
    const admit = tier === undefined ? null : limits.admission({ workspaceId, tier });
    return admit ? limited(call, next, admit) : next(call);
  };

async function* limited(
  call: ModelCall,
  next: NextCall,
  admit: (tokens: number) => Promise<CallAdmission>,
): AsyncGenerator<CallEvent> {
  const admission = await admit(tokensOf(call));
  let used = 0;
  try {
    if (admission.tokens) call.onAdmitted?.(admission.tokens);
    yield* next({
      ...call,
      onSettled: (record) => {
        used += record.inputTokens + record.outputTokens;
        call.onSettled?.(record);
      },
    });
  } finally {
    admission.settle(used);
  }
}

/** Estimated: the prompt and, where the request bounds them, its answers, for all models that are asked at the same time. */
function tokensOf({ request, plan }: ModelCall): number {
  const { maxTokens = 0, n = 1 } = isEmbedding(request) ? {} : request;
  const used = (target: Target) => estimateInput(request, target).tokens + n * maxTokens;
  const together = (plan?.steps ?? []).map((step) => step.reduce((sum, target) => sum + used(target), 0));
  return Math.max(0, ...together);
}
