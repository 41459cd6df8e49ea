import { type DomainError } from '../../platform/common/errors/domain.error';
import { unsupportedParameter } from '../../providers/providers.errors';
import { type Plan, type ProvidersService, type Target } from '../../providers/providers.service';
import { type GenerationRequest } from '../../providers/providers.types';
import { type Asked, type CallStage } from '../calls.types';

/** Finds whom to ask, and leaves out those known not to be able to do what is asked. Refuses what none can do. */
export const targetStage =
  (providers: ProvidersService): CallStage =>
  (call, next) => {
    call.plan = planFor(providers, call);
    return next(call);
  };

/** Whom to ask. Throws `model_not_found`, `model_not_allowed`, and `unsupported_parameter` when none can do it. */
export function planFor(providers: ProvidersService, { principal, model, request, ...rest }: Asked): Plan {
  const plan = providers.resolve(principal.rules, model, rest);
  const able = (target: Target) => lackOf(target, request) === null;
  const steps = plan.steps.map((step) => step.filter(able)).filter((step) => step.length > 0);
  if (steps.length === 0) {
    const [first] = plan.steps.flat();
    throw (first && lackOf(first, request)) ?? new Error('a plan without targets');
  }
  return { ...plan, steps, overflow: plan.overflow.filter(able) };
}

/** Capabilities nobody has told us of are not checked. */
function lackOf({ info }: Target, { messages, tools, responseFormat }: GenerationRequest): DomainError | null {
  if (!info?.capabilities) return null;
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
