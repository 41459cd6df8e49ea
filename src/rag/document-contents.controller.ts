import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { type ChunkDto, ChunkPageDto, ChunksQuery, DocumentTextDto } from './documents.dto';
import { DocumentsService } from './documents.service';

const Id = () => Param('id', idParam('document'));
const NOT_FOUND = '404 document_not_found';
const NOT_READY = '409 document_not_ready';
const EXAMPLE =
  'event: document.progress\ndata: {"type":"document.progress","document":{"status":"running","progress":42}}\n\n';

@ApiTags('documents')
@Requires('documents:read')
@Controller('documents/:id')
export class DocumentContentsController {
  constructor(private readonly documents: DocumentsService) {}

  @Get('content')
  @ApiOperation({
    summary: 'The original file',
    description: 'To be saved: its type is told, but nothing is to run it.',
  })
  @ApiOkResponse({ content: { '*/*': { schema: { type: 'string', format: 'binary' } } } })
  @ApiErrors(NOT_FOUND, '404 file_not_found', NOT_READY)
  content(@CurrentUser() user: Principal, @Id() id: string, @Res() res: Response): Promise<void> {
    return this.documents.content(user, id, res);
  }

  @Get('text')
  @ApiOperation({ summary: 'The extracted text, to which every offset refers, with its pages and headings' })
  @ApiOkResponse({ type: DocumentTextDto })
  @ApiErrors(NOT_FOUND, NOT_READY)
  text(@CurrentUser() user: Principal, @Id() id: string): Promise<DocumentTextDto> {
    return this.documents.text(user, id);
  }

  @Get('chunks')
  @ApiOperation({
    summary: 'What it was cut into for searching',
    description: 'In the order of the text. A superseded version has none: it is not searched.',
  })
  @ApiOkResponse({ type: ChunkPageDto })
  @ApiErrors(NOT_FOUND, NOT_READY)
  chunks(@CurrentUser() user: Principal, @Id() id: string, @Query() query: ChunksQuery): Promise<Page<ChunkDto>> {
    return this.documents.chunks(user, id, query);
  }

  @Get('events')
  @ApiOperation({
    summary: 'Its progress as server-sent events',
    description:
      'From any replica: `document.progress` with the document as it stands, again at each change, and at last ' +
      '`document.end` when it is ready, failed or cancelled. Comments while nothing changes.',
  })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } } })
  @ApiErrors(NOT_FOUND)
  events(@CurrentUser() user: Principal, @Id() id: string, @Res() res: Response): Promise<void> {
    return this.documents.follow(user, id, res);
  }
}
