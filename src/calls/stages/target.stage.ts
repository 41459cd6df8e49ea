import { AccessRules } from '../../platform/common/auth/access-rules';
import { type DomainError } from '../../platform/common/errors/domain.error';
import {
  notAChatModel,
  notAnEmbeddingModel,
  severalEmbeddingModels,
  unsupportedParameter,
} from '../../providers/providers.errors';
import { type Plan, type ProvidersService, type Target } from '../../providers/providers.service';
import { type CallRequest, type EmbeddingRequest } from '../../providers/providers.types';
import { type CallStage, type ModelCall, type Payer } from '../calls.types';
import { isEmbedding } from '../embedding';

/** Finds whom to ask, and leaves out those known not to be able to do what is asked. Refuses what none can do. */
export const targetStage =
  (providers: ProvidersService): CallStage =>
  (call, next) => {
    call.plan = planFor(providers, call);
    return next(call);
  };

type Asked = Pick<ModelCall, 'model' | 'fallbacks' | 'race' | 'request'> & { principal: Pick<Payer, 'rules'> };

/** Whom to ask. Throws `model_not_found`, `model_not_allowed`, and `unsupported_parameter` when none can do it. */
export function planFor(providers: ProvidersService, { principal, model, request, fallbacks, race }: Asked): Plan {
  const plan = providers.resolve(principal.rules ?? AccessRules.NONE, model, { fallbacks, race });
  if (isEmbedding(request) && [...plan.steps.flat(), ...plan.overflow].length > 1)
    throw severalEmbeddingModels(model ?? '');
  const able = (target: Target) => lackOf(target, request) === null;
  const steps = plan.steps.map((step) => step.filter(able)).filter((step) => step.length > 0);
  if (steps.length === 0) {
    const [first] = plan.steps.flat();
    throw (first && lackOf(first, request)) ?? new Error('a plan without targets');
  }
  return { ...plan, steps, overflow: plan.overflow.filter(able) };
}

/** Capabilities nobody has told us of are not checked. */
function lackOf(target: Target, request: CallRequest): DomainError | null {
  if (isEmbedding(request)) return lackForVectors(target, request);
  const { info } = target;
  if (!info?.capabilities) return null;
  if (info.embedding) return notAChatModel(info.id);
  const { messages, tools, responseFormat } = request;
  const lacks = (capability: (typeof info.capabilities)[number]) => !info.capabilities?.includes(capability);
  if (lacks('vision')) {
    const at = messages.findIndex(({ parts }) => parts.some(({ type }) => type === 'image'));
    if (at !== -1) return unsupportedParameter(info.id, `messages[${at}].content`, 'the model does not take images');
  }
  if (tools?.length && lacks('tools')) return unsupportedParameter(info.id, 'tools');
  if (responseFormat?.type === 'json_schema' && lacks('json_schema'))
    return unsupportedParameter(info.id, 'response_format');
  return null;
}

function lackForVectors({ id, provider, info }: Target, { dimensions }: EmbeddingRequest): DomainError | null {
  if (!provider.adapter.embed || (info?.capabilities && !info.embedding)) return notAnEmbeddingModel(id);
  const { dimensions: most = null, shortens = true } = info?.embedding ?? {};
  if (dimensions === undefined || most === null || dimensions === most) return null;
  if (!shortens) return unsupportedParameter(id, 'dimensions', `its vectors have ${most}`);
  return dimensions < most ? null : unsupportedParameter(id, 'dimensions', `its vectors have at most ${most}`);
}
