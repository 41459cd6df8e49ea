import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { EstimateDto } from './estimate.dto';
import { estimateBody, type EstimateBody } from './estimate.schema';
import { EstimateService } from './estimate.service';

@ApiTags('usage')
@Requires('chat:use')
@Controller('usage')
export class EstimateController {
  constructor(private readonly estimates: EstimateService) {}

  @Post('estimate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'What a chat would count, and cost at most',
    description:
      'Takes a body of `POST /v1/chat`, also with `n` and `max_completion_tokens`. Nothing is called and nothing billed. Under a ' +
      'budget an answer without `max_tokens` is of limited length, and is estimated so. With `collection_ids` the prompt is ' +
      'taken to hold all the sources it may; what searching for them costs (embedding, rewriting, reranking) is not in it. With ' +
      '`server_tools` it is the first call of the model that is estimated; `max_cost_usd` limits what all of them cost.',
  })
  @ApiBody({
    schema: zodSchema('EstimateRequest', estimateBody),
    examples: { chat: { value: { model: 'demo/echo', message: 'Hello!', max_tokens: 256 } } },
  })
  @ApiOkResponse({ type: EstimateDto })
  @ApiErrors(
    '400 model_not_found',
    '400 unsupported_parameter',
    '403 insufficient_scope',
    '404 collection_not_found',
    '404 tool_not_found',
  )
  estimate(@CurrentUser() user: Principal, @Body(new ZodBody(estimateBody)) body: EstimateBody): Promise<EstimateDto> {
    return this.estimates.estimate(user, body);
  }
}
