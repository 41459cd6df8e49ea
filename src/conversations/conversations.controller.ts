import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page, PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import {
  ConversationDto,
  ConversationFieldsDto,
  ConversationPageDto,
  ConversationsQuery,
  ConversationWithMessagesDto,
  type MessageDto,
  MessagePageDto,
} from './conversations.dto';
import { ConversationsService } from './conversations.service';

const Id = () => Param('id', idParam('conversation'));
const NOT_FOUND = '404 conversation_not_found';

@ApiTags('conversations')
@Requires('chat:use')
@Controller('conversations')
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Post()
  @ApiOperation({ summary: 'Begin a conversation' })
  @ApiCreatedResponse({ type: ConversationDto })
  @ApiErrors('404 collection_not_found', '404 tool_not_found', '400 model_not_found', '403 model_not_allowed')
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
  @ApiErrors(
    NOT_FOUND,
    '404 collection_not_found',
    '404 tool_not_found',
    '400 model_not_found',
    '403 model_not_allowed',
  )
  update(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body() fields: ConversationFieldsDto,
  ): Promise<ConversationDto> {
    return this.conversations.update(user, id, fields);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete it',
    description: 'It is gone from every read, and an answer under way is stopped. What it cost stays in the usage.',
  })
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
}
