import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { ApiNativeStream } from '../chat/native-stream.decorator';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { ZodBody } from '../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../platform/common/openapi/zod-schemas';
import { RateLimited } from '../usage/rate-limited.decorator';
import { AnswersService } from './answers.service';
import { MessageDto, TurnAnswerDto } from './conversations.dto';
import { turnBody, type TurnBody } from './conversations.schema';

const Id = () => Param('id', idParam('conversation'));
const MessageId = () => Param('mid', idParam('message'));
const ApiMessageId = () => ApiParam({ name: 'mid', description: 'Of the answer: `message_id` of `message.start`' });
const TURN = zodSchema('TurnRequest', turnBody);
const TURN_EXAMPLES = {
  question: { value: { content: 'Hello!' } },
  tool_results: { value: { tool_results: [{ tool_call_id: 'call_1', content: '21 °C' }] } },
  paced: { value: { content: 'lorem 50', model: 'demo/lorem', stream_options: { max_tokens_per_second: 20 } } },
};
const TURN_ERRORS = [
  '404 conversation_not_found',
  '404 collection_not_found',
  '404 tool_not_found',
  '409 turn_in_progress',
  ...IDEMPOTENCY_ERRORS,
  ...MODEL_ERRORS,
] as const;

@ApiTags('conversations')
@Requires('chat:use')
@Controller('conversations/:id')
export class AnswersController {
  constructor(private readonly answers: AnswersService) {}

  @Post('chat')
  @HttpCode(200)
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    operationId: 'conversations_chat',
    summary: 'Say something and get the whole answer',
    description: 'An answer that is cancelled meanwhile is answered with what was said, as `cancelled`.',
  })
  @ApiBody({ schema: TURN, examples: TURN_EXAMPLES })
  @ApiOkResponse({ type: TurnAnswerDto })
  @ApiErrors(...TURN_ERRORS)
  chat(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(turnBody)) body: TurnBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<TurnAnswerDto> {
    return this.answers.chat(user, id, body, res);
  }

  @Post('stream')
  @HttpCode(200)
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    operationId: 'conversations_stream',
    summary: 'Say something and get the answer as server-sent events',
    description:
      '`message.end` carries the stored `message`. The answer goes on when the connection breaks, unless `on_disconnect` is ' +
      '`cancel`, and can be listened to again. What was said before a failure is kept as a `partial` message.',
  })
  @ApiBody({ schema: TURN, examples: TURN_EXAMPLES })
  @ApiNativeStream()
  @ApiErrors(...TURN_ERRORS)
  stream(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(turnBody)) body: TurnBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.answers.stream(user, id, body, res);
  }

  @Get('messages/:mid/stream')
  @Requires('chat:read')
  @ApiOperation({
    operationId: 'conversations_resume',
    summary: 'Go on with the stream of an answer',
    description:
      'The events after `Last-Event-ID`, the very same ones, then those to come; all of them without it. While the answer ' +
      'is written and at any time after, from any replica.',
  })
  @ApiMessageId()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string', pattern: '^\\d{1,9}$', example: '2' },
  })
  @ApiNativeStream()
  @ApiNoContentResponse({ description: 'That was the last event: nothing more will come' })
  @ApiErrors('404 message_not_found')
  resume(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @MessageId() mid: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() res: Response,
  ): Promise<void> {
    return this.answers.resume(user, { id, mid }, lastEventId, res);
  }

  @Post('messages/:mid/cancel')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'conversations_cancel',
    summary: 'Stop an answer',
    description:
      'From any replica. The model is aborted, what was said is kept and billed, and whoever listens gets `message.end` ' +
      "with the finish reason `cancelled`. One that has ended is left as it is. Answers with the message in its final state, or, if its process doesn't react within 5 s, as it is then.",
  })
  @ApiMessageId()
  @ApiOkResponse({ type: MessageDto })
  @ApiErrors('404 message_not_found')
  cancel(@CurrentUser() user: Principal, @Id() id: string, @MessageId() mid: string): Promise<MessageDto> {
    return this.answers.cancel(user, { id, mid });
  }
}
