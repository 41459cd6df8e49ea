import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { ApiNativeStream } from '../chat/native-stream.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page, PageQuery } from '../platform/common/http/pagination';
import { ZodBody } from '../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../platform/common/openapi/zod-schemas';
import {
  ConversationDto,
  ConversationFieldsDto,
  ConversationPageDto,
  ConversationsQuery,
  ConversationWithMessagesDto,
  type MessageDto,
  MessagePageDto,
  TurnAnswerDto,
} from './conversations.dto';
import { turnBody, type TurnBody } from './conversations.schema';
import { ConversationsService } from './conversations.service';

const Id = () => Param('id', idParam('conversation'));
const TURN = zodSchema('TurnRequest', turnBody);
const TURN_EXAMPLES = {
  question: { value: { content: 'Hello!' } },
  tool_results: { value: { tool_results: [{ tool_call_id: 'call_1', content: '21 °C' }] } },
};
const NOT_FOUND = '404 conversation_not_found';

@ApiTags('conversations')
@Requires('chat:use')
@Controller('conversations')
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Post()
  @ApiOperation({ summary: 'Begin a conversation' })
  @ApiCreatedResponse({ type: ConversationDto })
  @ApiErrors('400 model_not_found')
  create(@CurrentUser() user: Principal, @Body() fields: ConversationFieldsDto): Promise<ConversationDto> {
    return this.conversations.create(user, fields);
  }

  @Get()
  @Requires('chat:read')
  @ApiOperation({ summary: 'Your conversations in this workspace' })
  @ApiOkResponse({ type: ConversationPageDto })
  list(@CurrentUser() user: Principal, @Query() query: ConversationsQuery): Promise<Page<ConversationDto>> {
    return this.conversations.list(user, query);
  }

  @Get(':id')
  @Requires('chat:read')
  @ApiOperation({ summary: 'One conversation with its latest messages' })
  @ApiOkResponse({ type: ConversationWithMessagesDto })
  @ApiErrors(NOT_FOUND)
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<ConversationWithMessagesDto> {
    return this.conversations.get(user, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change it' })
  @ApiOkResponse({ type: ConversationDto })
  @ApiErrors(NOT_FOUND, '400 model_not_found')
  update(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body() fields: ConversationFieldsDto,
  ): Promise<ConversationDto> {
    return this.conversations.update(user, id, fields);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete it', description: 'It is gone from every read. What it cost stays in the usage.' })
  @ApiNoContentResponse()
  @ApiErrors(NOT_FOUND)
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.conversations.delete(user, id);
  }

  @Get(':id/messages')
  @Requires('chat:read')
  @ApiOperation({
    summary: 'Its messages',
    description: 'A running answer is listed with what it has said up to the last second.',
  })
  @ApiOkResponse({ type: MessagePageDto })
  @ApiErrors(NOT_FOUND)
  messages(@CurrentUser() user: Principal, @Id() id: string, @Query() query: PageQuery): Promise<Page<MessageDto>> {
    return this.conversations.messages(user, id, query);
  }

  @Post(':id/chat')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say something and get the whole answer' })
  @ApiBody({ schema: TURN, examples: TURN_EXAMPLES })
  @ApiOkResponse({ type: TurnAnswerDto })
  @ApiErrors(NOT_FOUND, '409 turn_in_progress', ...MODEL_ERRORS)
  chat(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(turnBody)) body: TurnBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<TurnAnswerDto> {
    return this.conversations.chat(user, id, body, res);
  }

  @Post(':id/stream')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Say something and get the answer as server-sent events',
    description:
      '`message.end` carries the stored `message`. What was said before a failure or a disconnect is kept as a `partial` message.',
  })
  @ApiBody({ schema: TURN, examples: TURN_EXAMPLES })
  @ApiNativeStream()
  @ApiErrors(NOT_FOUND, '409 turn_in_progress', ...MODEL_ERRORS)
  stream(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(turnBody)) body: TurnBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.conversations.stream(user, id, body, res);
  }
}
