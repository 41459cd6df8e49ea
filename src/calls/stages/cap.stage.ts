import { type AccessRules } from '../../platform/common/auth/access-rules';
import { validationFailed } from '../../platform/common/errors/validation';
import { type GenerationRequest } from '../../providers/providers.types';
import { type CallStage } from '../calls.types';
import { isEmbedding } from '../embedding';

/** Holds what may be written to the caller's `max_tokens_per_request`: it is sent, or more than it is refused. */
export const capStage: CallStage = (call, next) => {
  const { principal, request } = call;
  if (!isEmbedding(request)) call.request = capped(principal.rules, request);
  return next(call);
};

/** The request as it may be sent. Several answers share the cap. */
export function capped(rules: AccessRules | undefined, request: GenerationRequest): GenerationRequest {
  const cap = rules?.maxTokens ?? null;
  if (cap === null) return request;
  const { n = 1, maxTokens } = request;
  const most = Math.floor(cap / n);
  if (most < 1) throw refused('n', `n: ${n} answers are more than ${rule(cap)}`);
  if (maxTokens === undefined) return { ...request, maxTokens: most };
  if (maxTokens <= most) return request;
  throw refused(
    'max_tokens',
    `max_tokens: expected at most ${most}${n > 1 ? ` for each of ${n} answers` : ''}, of ${rule(cap)}`,
  );
}

const rule = (cap: number) =>
  `the ${cap} tokens a request may ask for by max_tokens_per_request, a rule of your membership or API key`;
const refused = (field: string, message: string) => validationFailed([{ field, message }]);
