import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page, PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { CollectionChangeDto, CollectionDto, CollectionPageDto, NewCollectionDto } from './collections.dto';
import { CollectionsService } from './collections.service';

const Id = () => Param('id', idParam('collection'));
const NOT_FOUND = '404 collection_not_found';
const BAD_MODEL = ['400 model_not_found', '403 model_not_allowed'] as const;

@ApiTags('collections')
@Requires('documents:write')
@Controller('collections')
export class CollectionsController {
  constructor(private readonly collections: CollectionsService) {}

  @Post()
  @ApiOperation({ summary: 'Make a collection of documents' })
  @ApiCreatedResponse({ type: CollectionDto })
  @ApiErrors(...BAD_MODEL)
  create(@CurrentUser() user: Principal, @Body() collection: NewCollectionDto): Promise<CollectionDto> {
    return this.collections.create(user, collection);
  }

  @Get()
  @Requires('documents:read')
  @ApiOperation({ summary: 'The collections you may read: your own, and those the workspace shares' })
  @ApiOkResponse({ type: CollectionPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<Page<CollectionDto>> {
    return this.collections.list(user, query);
  }

  @Get(':id')
  @Requires('documents:read')
  @ApiOperation({ summary: 'One collection' })
  @ApiOkResponse({ type: CollectionDto })
  @ApiErrors(NOT_FOUND)
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<CollectionDto> {
    return this.collections.get(user, id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change it',
    description:
      'With another embedding model or chunking its documents are indexed again in the background (`reindexing`), and all ' +
      'at once the new index takes the place of the one that answers until then. Another change replaces one under way. ' +
      'Access is changed by its owner, and by owners and admins of the workspace.',
  })
  @ApiOkResponse({ type: CollectionDto })
  @ApiErrors(NOT_FOUND, ...BAD_MODEL)
  update(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body() change: CollectionChangeDto,
  ): Promise<CollectionDto> {
    return this.collections.update(user, id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete it with its documents',
    description: 'For its owner, and owners and admins of the workspace. It is gone from every read at once.',
  })
  @ApiNoContentResponse()
  @ApiErrors(NOT_FOUND)
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.collections.delete(user, id);
  }
}
