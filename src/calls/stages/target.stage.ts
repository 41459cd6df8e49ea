import { unsupportedParameter } from '../../providers/providers.errors';
import { type ProvidersService, type Target } from '../../providers/providers.service';
import { type GenerationRequest } from '../../providers/providers.types';
import { type CallStage } from '../calls.types';

/** Finds what to call, and refuses what the model is known not to be able to do. */
export const targetStage =
  (providers: ProvidersService): CallStage =>
  (call, next) => {
    call.target = providers.resolve(call.model);
    checkCapabilities(call.target, call.request);
    return next(call);
  };

/** Capabilities nobody has told us of are not checked. */
function checkCapabilities({ info }: Target, { messages, tools, responseFormat }: GenerationRequest): void {
  if (!info?.capabilities) return;
  const lacks = (capability: (typeof info.capabilities)[number]) => !info.capabilities?.includes(capability);
  if (lacks('vision')) {
    const at = messages.findIndex(({ parts }) => parts.some(({ type }) => type === 'image'));
    if (at !== -1) throw unsupportedParameter(info.id, `messages[${at}].content`, 'the model does not take images');
  }
  if (tools?.length && lacks('tools')) throw unsupportedParameter(info.id, 'tools');
  if (responseFormat?.type === 'json_schema' && lacks('json_schema'))
    throw unsupportedParameter(info.id, 'response_format');
}
