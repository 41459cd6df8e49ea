import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type Response } from 'express';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { ChatCompletionDto } from './openai.dto';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { completionBody, type CompletionBody } from './openai.schema';
import { OpenAiService } from './openai.service';

const STREAM_EXAMPLE = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"demo/echo","choices":[{"index":0,"delta":{"content":"Hello!"},"logprobs":null,"finish_reason":null}]}

data: [DONE]

`;

const EXAMPLES = {
  whole: { value: { model: 'demo/echo', messages: [{ role: 'user', content: 'Hello!' }] } },
  streamed: {
    value: {
      model: 'demo/lorem',
      messages: [{ role: 'user', content: 'lorem 50' }],
      stream: true,
      stream_options: { include_usage: true },
    },
  },
};

@ApiTags('openai')
@Controller('chat/completions')
export class CompletionsController {
  constructor(private readonly openai: OpenAiService) {}

  @Post()
  @HttpCode(200)
  @Requires('chat:use')
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    summary: 'Chat Completions, as OpenAI has them',
    description:
      'With `stream: true` server-sent events: chunks, then `data: [DONE]`. A failure after the first byte is `data: {"error": …}` and no `[DONE]`. ' +
      'Fields not named here are passed on to a provider that speaks this wire format, and refused for one that does not.',
  })
  @ApiBody({ schema: zodSchema('ChatCompletionRequest', completionBody), examples: EXAMPLES })
  @ApiExtraModels(ChatCompletionDto)
  @ApiOkResponse({
    description: 'The whole answer, or chunks as they come',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(ChatCompletionDto) } },
      'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE },
    },
  })
  @ApiErrors('404 collection_not_found', '404 tool_not_found', ...MODEL_ERRORS, ...IDEMPOTENCY_ERRORS)
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.openai.complete(user, body, res);
  }
}
