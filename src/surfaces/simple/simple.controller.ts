import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { openApiSchema, ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { ApiNativeStream } from '../../chat/native-stream.decorator';
import { ChatAnswerDto, ChatBatchDto } from './simple.dto';
import { batchBody, type BatchBody, chatBody, type ChatBody } from './simple.schema';
import { SimpleService } from './simple.service';

@ApiTags('chat')
@Requires('chat:use')
@Controller('chat')
export class SimpleController {
  constructor(private readonly simple: SimpleService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask a model; nothing is stored but its usage' })
  @ApiBody({ schema: openApiSchema(chatBody) })
  @ApiOkResponse({ type: ChatAnswerDto })
  @ApiErrors(...MODEL_ERRORS)
  answer(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(chatBody)) body: ChatBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<ChatAnswerDto> {
    return this.simple.answer(user, body, res);
  }

  @Post('stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'The same, as server-sent events' })
  @ApiBody({ schema: openApiSchema(chatBody) })
  @ApiNativeStream()
  @ApiErrors(...MODEL_ERRORS)
  stream(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(chatBody)) body: ChatBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.simple.stream(user, body, res);
  }

  @Post('batch')
  @HttpCode(200)
  @ApiOperation({ summary: 'Up to 100 of them at once', description: 'Each request is a body of `POST /v1/chat`.' })
  @ApiBody({ schema: openApiSchema(batchBody) })
  @ApiOkResponse({ type: ChatBatchDto })
  batch(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(batchBody)) body: BatchBody,
    @Res({ passthrough: true }) res: Response,
  ): Promise<ChatBatchDto> {
    return this.simple.batch(user, body, res);
  }
}
