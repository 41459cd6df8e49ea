import { Injectable } from '@nestjs/common';
import { CallsService } from '../../calls/calls.service';
import { toChatRequest } from '../../chat/chat-body.codec';
import { GroundingService } from '../../chat/grounding.service';
import { type Principal } from '../../platform/common/auth/principal';
import { type PicoUsd, formatUsd } from '../../platform/common/money';
import { ToolsService } from '../../tools/tools.service';
import { type EstimateDto } from './estimate.dto';
import { type EstimateBody } from './estimate.schema';

@Injectable()
export class EstimateService {
  constructor(
    private readonly calls: CallsService,
    private readonly grounding: GroundingService,
    private readonly tools: ToolsService,
  ) {}

  /** Throws what the call would throw before a provider is asked. */
  async estimate(principal: Principal, { n, ...body }: EstimateBody): Promise<EstimateDto> {
    const max_tokens = body.max_completion_tokens ?? body.max_tokens;
    const plain = toChatRequest({ ...body, max_tokens }, false);
    const { grounding, serverTools = [], tools = [] } = plain;
    const toolset = await this.tools.select(principal, serverTools, 'server_tools');
    const equipped = serverTools.length > 0 ? { ...plain, tools: [...tools, ...toolset.definitions] } : plain;
    const request = grounding?.collectionIds.length
      ? await this.grounding.fullest(principal, equipped, grounding)
      : equipped;
    const { cost, perTarget } = await this.calls.estimate({
      principal,
      ...request,
      request: n ? { ...request, n } : request,
    });
    return {
      model: body.model ?? perTarget[0]?.target.id ?? '',
      targets: perTarget.map(({ target, input, maxOutput, cost: most }) => ({
        model: target.id,
        provider: target.provider.id,
        input_tokens: input.tokens,
        input_tokens_upper: input.upper,
        max_output_tokens: maxOutput,
        worst_case_cost_usd: toUsd(most),
        unpriced: most === null,
      })),
      worst_case_cost_usd: toUsd(cost),
    };
  }
}

const toUsd = (cost: PicoUsd | null) => (cost === null ? null : formatUsd(cost));
