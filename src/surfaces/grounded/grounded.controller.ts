import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type Response } from 'express';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { GroundedAnswerDto } from './grounded.dto';
import { questionBody, type QuestionBody } from './grounded.schema';
import { GroundedService } from './grounded.service';

const COLLECTION = '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11';
const QUESTION = 'How many days of paid leave are there?';
const EXAMPLES = {
  question: { value: { question: QUESTION, collection_ids: [COLLECTION] } },
  narrowed: {
    value: { question: QUESTION, collection_ids: [COLLECTION], k: 4, mode: 'text', filter: { department: 'hr' } },
  },
  streamed: { value: { question: QUESTION, collection_ids: [COLLECTION], model: 'demo/extract', stream: true } },
};
const STREAM_EXAMPLE = `id: 1
event: message.start
data: {"type":"message.start","message_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e12","model":"demo/extract","provider":"demo"}

id: 2
event: message.delta
data: {"type":"message.delta","text":"“There are 28 days of paid leave.” [1]"}

id: 3
event: citation
data: {"type":"citation","number":1,"chunk_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e13","document_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e14","title":"Handbook","page":12,"start":1048,"end":1080,"quote":"There are 28 days of paid leave.","url":null}

id: 4
event: message.end
data: {"type":"message.end","provider":"demo","model":"demo/extract","finish_reason":"stop","usage":{"input_tokens":90,"output_tokens":8},"cost_usd":"0.000000","unpriced":false,"not_ready":[]}

`;

@ApiTags('rag')
@Controller('rag')
export class GroundedController {
  constructor(private readonly grounded: GroundedService) {}

  @Post('query')
  @HttpCode(200)
  @Requires('chat:use')
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    operationId: 'rag_query',
    summary: 'Ask documents',
    description:
      'Passages are found in the collections and shown to the model under numbers, which it cites as `[n]`. Each citation ' +
      'is where that stands: `extracted_text.slice(start, end) === quote`. Numbers the model was not given are taken out of ' +
      'the answer. Without evidence no model is asked, unless `no_evidence` is `answer`. Needs `documents:read` besides.',
  })
  @ApiBody({ schema: zodSchema('RagQueryRequest', questionBody), examples: EXAMPLES })
  @ApiExtraModels(GroundedAnswerDto)
  @ApiOkResponse({
    description: 'The whole answer, or its events',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(GroundedAnswerDto) } },
      'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE },
    },
  })
  @ApiErrors('404 collection_not_found', ...MODEL_ERRORS, ...IDEMPOTENCY_ERRORS)
  query(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(questionBody)) body: QuestionBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.grounded.answer(user, body, res);
  }
}
