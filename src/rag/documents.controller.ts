import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, UseInterceptors } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page } from '../platform/common/http/pagination';
import { ZodBody } from '../platform/common/http/zod-body';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { ApiMultipart } from '../platform/common/openapi/multipart.decorator';
import { zodSchema } from '../platform/common/openapi/zod-schemas';
import { RateLimited } from '../usage/rate-limited.decorator';
import { AdditionsService } from './additions.service';
import { AddedDocumentsDto, DocumentChangeDto, DocumentDto, DocumentPageDto, DocumentsQuery } from './documents.dto';
import { documentsBody, type DocumentsBody, MULTIPART, newDocumentBody } from './documents.schema';
import { DocumentsService } from './documents.service';
import { Uploads } from './uploads.decorator';
import { UploadsInterceptor } from './uploads.interceptor';
import { type Upload } from './uploads.types';

const CollectionId = () => Param('id', idParam('collection'));
const Id = () => Param('id', idParam('document'));
const NEW_DOCUMENT = zodSchema('NewDocument', newDocumentBody);
const EXAMPLES = {
  text: { value: { title: 'Holidays', text: 'Every employee has 30 days of holiday.', metadata: { year: 2026 } } },
  url: { value: { url: 'https://example.com/handbook.html' } },
};

@ApiTags('documents')
@Requires('documents:write')
@Controller()
export class DocumentsController {
  constructor(
    private readonly documents: DocumentsService,
    private readonly additions: AdditionsService,
  ) {}

  @Post('collections/:id/documents')
  @HttpCode(202)
  @RateLimited()
  @Idempotent()
  @UseInterceptors(UploadsInterceptor)
  @ApiOperation({
    summary: 'Add documents: files, a text, or what is at a URL',
    description:
      'They are indexed in the background. Files are judged one by one: a refused one is a `failed` document with its reason. ' +
      'The same bytes in the collection are the existing document, which begins anew if it had failed or was cancelled. The ' +
      'same title with other bytes is a new version, which takes the place of the one before when it is ready.',
  })
  @ApiBody({ schema: NEW_DOCUMENT, examples: EXAMPLES })
  @ApiMultipart(MULTIPART)
  @ApiAcceptedResponse({ type: AddedDocumentsDto })
  @ApiErrors('404 collection_not_found', ...IDEMPOTENCY_ERRORS)
  add(
    @CurrentUser() user: Principal,
    @CollectionId() id: string,
    @Body(new ZodBody(documentsBody)) body: DocumentsBody,
    @Uploads() uploads: Upload[] | undefined,
  ): Promise<AddedDocumentsDto> {
    return this.additions.add(user, id, body, uploads);
  }

  @Get('collections/:id/documents')
  @Requires('documents:read')
  @ApiOperation({
    summary: 'The documents of a collection',
    description: 'Without the versions that gave way to a newer one, unless `superseded` asks for them.',
  })
  @ApiOkResponse({ type: DocumentPageDto })
  @ApiErrors('404 collection_not_found')
  list(
    @CurrentUser() user: Principal,
    @CollectionId() id: string,
    @Query() query: DocumentsQuery,
  ): Promise<Page<DocumentDto>> {
    return this.documents.list(user, id, query);
  }

  @Get('documents/:id')
  @Requires('documents:read')
  @ApiOperation({ summary: 'One document' })
  @ApiOkResponse({ type: DocumentDto })
  @ApiErrors('404 document_not_found')
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<DocumentDto> {
    return this.documents.get(user, id);
  }

  @Patch('documents/:id')
  @ApiOperation({ summary: 'Change its metadata' })
  @ApiOkResponse({ type: DocumentDto })
  @ApiErrors('404 document_not_found')
  update(@CurrentUser() user: Principal, @Id() id: string, @Body() change: DocumentChangeDto): Promise<DocumentDto> {
    return this.documents.update(user, id, change);
  }

  @Delete('documents/:id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete it',
    description:
      'It is gone from every read and search at once, its bytes soon after. Work on it ends. With the version of a title that ' +
      'is searched go all before it; an older version goes alone.',
  })
  @ApiNoContentResponse()
  @ApiErrors('404 document_not_found')
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.documents.delete(user, id);
  }

  @Post('documents/:id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Index it again',
    description:
      'When it failed or was cancelled; any other is left as it is. What was done before costs nothing again.',
  })
  @ApiAcceptedResponse({ type: DocumentDto })
  @ApiErrors('404 document_not_found', '409 document_not_kept')
  retry(@CurrentUser() user: Principal, @Id() id: string): Promise<DocumentDto> {
    return this.documents.retry(user, id);
  }

  @Post('documents/:id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give up indexing it',
    description:
      'When it is queued or running, in whatever process; any other is left as it is. A version that is searched goes on answering.',
  })
  @ApiOkResponse({ type: DocumentDto })
  @ApiErrors('404 document_not_found')
  cancel(@CurrentUser() user: Principal, @Id() id: string): Promise<DocumentDto> {
    return this.documents.cancel(user, id);
  }
}
