import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { openApiSchema, ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { ChatCompletionDto } from './openai.dto';
import { completionBody, type CompletionBody } from './openai.schema';
import { OpenAiService } from './openai.service';

@ApiTags('openai')
@Controller('chat/completions')
export class CompletionsController {
  constructor(private readonly openai: OpenAiService) {}

  @Post()
  @HttpCode(200)
  @Requires('chat:use')
  @ApiOperation({
    summary: 'Chat Completions, as OpenAI has them',
    description:
      'With `stream: true` server-sent events: chunks, then `data: [DONE]`. A failure after the first byte is `data: {"error": …}` and no `[DONE]`. ' +
      'Fields not named here are passed on to a provider that speaks this wire format, and refused for one that does not.',
  })
  @ApiBody({ schema: openApiSchema(completionBody) })
  @ApiOkResponse({ type: ChatCompletionDto })
  @ApiErrors(...MODEL_ERRORS)
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.openai.complete(user, body, res);
  }
}
