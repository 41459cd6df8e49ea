import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { ApiErrors, MODEL_ERRORS } from '../platform/common/openapi/api-errors.decorator';
import { RateLimited } from '../usage/rate-limited.decorator';
import { SearchDto, SearchResultDto } from './search.dto';
import { SearchService } from './search.service';

@ApiTags('collections')
@Requires('documents:read')
@Controller('collections')
export class SearchController {
  constructor(private readonly searches: SearchService) {}

  @Post(':id/search')
  @HttpCode(200)
  @RateLimited()
  @ApiOperation({
    summary: 'Search a collection',
    description:
      'Passages of its documents, by words and by vectors. Chunks that stand side by side are one passage, and what says the same twice is told once. Documents that are still being read are named in `not_ready`. When a reranker fails, the order is that of the search and `rerank` says why.',
  })
  @ApiOkResponse({ type: SearchResultDto })
  @ApiErrors('404 collection_not_found', '400 model_unpriced', ...MODEL_ERRORS)
  search(
    @CurrentUser() user: Principal,
    @Param('id', idParam('collection')) id: string,
    @Body() body: SearchDto,
    @Res({ passthrough: true }) res: Response,
  ): Promise<SearchResultDto> {
    return this.searches.search(user, id, body, res);
  }
}
