import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { chatBody, type ChatBody } from '../../chat/chat-body.codec';
import { ApiNativeStream } from '../../chat/native-stream.decorator';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../../idempotency/idempotent.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { ChatAnswerDto, ChatBatchDto } from './simple.dto';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { batchBody, type BatchBody, requestsOf } from './simple.schema';
import { SimpleService } from './simple.service';

const CHAT = zodSchema('ChatRequest', chatBody);
const BATCH = zodSchema('ChatBatchRequest', batchBody);
const EXAMPLES = {
  message: { value: { model: 'demo/echo', message: 'Hello!' } },
  messages: {
    value: {
      model: 'demo/echo',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello!' },
      ],
    },
  },
};
const BATCH_EXAMPLES = { two: { value: { requests: [{ message: 'One' }, { message: 'Two', max_tokens: 5 }] } } };

@ApiTags('chat')
@Requires('chat:use')
@Controller('chat')
export class ChatController {
  constructor(private readonly simple: SimpleService) {}

  @Post()
  @HttpCode(200)
  @RateLimited()
  @Idempotent()
  @ApiOperation({ summary: 'Ask a model; nothing is stored but its usage' })
  @ApiBody({ schema: CHAT, examples: EXAMPLES })
  @ApiOkResponse({ type: ChatAnswerDto })
  @ApiErrors('404 collection_not_found', '404 tool_not_found', ...MODEL_ERRORS, ...IDEMPOTENCY_ERRORS)
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(chatBody)) body: ChatBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<ChatAnswerDto> {
    return this.simple.answer(user, body, res);
  }

  @Post('stream')
  @HttpCode(200)
  @RateLimited()
  @Idempotent()
  @ApiOperation({ summary: 'The same, as server-sent events' })
  @ApiBody({ schema: CHAT, examples: EXAMPLES })
  @ApiNativeStream()
  @ApiErrors('404 collection_not_found', '404 tool_not_found', ...MODEL_ERRORS, ...IDEMPOTENCY_ERRORS)
  stream(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(chatBody)) body: ChatBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.simple.stream(user, body, res);
  }

  @Post('batch')
  @HttpCode(200)
  @RateLimited(requestsOf)
  @Idempotent()
  @ApiOperation({
    summary: 'Up to 100 of them at once',
    description: 'Each request is a body of `POST /v1/chat`, and counts as one against the limits on requests.',
  })
  @ApiBody({ schema: BATCH, examples: BATCH_EXAMPLES })
  @ApiOkResponse({ type: ChatBatchDto })
  @ApiErrors(...IDEMPOTENCY_ERRORS)
  batch(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(batchBody)) body: BatchBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<ChatBatchDto> {
    return this.simple.batch(user, body, res);
  }
}
