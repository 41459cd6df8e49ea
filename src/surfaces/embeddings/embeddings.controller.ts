import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors, MODEL_ERRORS } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { EmbeddingsDto } from './embeddings.dto';
import { embeddingsBody, type EmbeddingsBody } from './embeddings.schema';
import { EmbeddingsService } from './embeddings.service';

const EXAMPLES = {
  one: { value: { model: 'local/hash-384', input: 'Invoices are due within thirty days.' } },
  several: { value: { model: 'local/hash-384', input: ['one text', 'and another'], encoding_format: 'base64' } },
};

/** Tokens count as items of the body: more than OpenAI takes in one request. */
const MOST_ITEMS = 400_000;

@ApiTags('openai')
@Controller('embeddings')
export class EmbeddingsController {
  constructor(private readonly embeddings: EmbeddingsService) {}

  @Post()
  @HttpCode(200)
  @Requires('embeddings:use')
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    summary: 'Embeddings, as OpenAI has them',
    description:
      'Vectors of texts, in their order. More inputs than the provider takes at a time become several calls. ' +
      'Fields not named here are passed on to a provider that speaks this wire format, and refused for one that does not.',
  })
  @ApiBody({ schema: zodSchema('EmbeddingsRequest', embeddingsBody), examples: EXAMPLES })
  @ApiOkResponse({ type: EmbeddingsDto })
  @ApiErrors(...MODEL_ERRORS, ...IDEMPOTENCY_ERRORS)
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(embeddingsBody, MOST_ITEMS)) body: EmbeddingsBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.embeddings.embed(user, body, res);
  }
}
