import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, IsOptional } from 'class-validator';
import { PageDto, PageQuery } from '../platform/common/http/pagination';
import { type DocumentStatus, STATUSES, type Step, STEPS } from './documents.types';
import { FailureDto } from './failure.dto';

export class DocumentsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsIn(STATUSES)
  @IsOptional()
  status?: DocumentStatus;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Also versions that gave way to a newer one' })
  @Transform(({ obj }: { obj: { superseded: unknown } }) => obj.superseded === 'true' || obj.superseded === true)
  @IsBoolean()
  @IsOptional()
  superseded = false;
}

export class ChunksQuery extends PageQuery {
  @ApiPropertyOptional({
    enum: ['asc', 'desc'],
    default: 'asc',
    description: 'From the beginning of the text, or its end',
  })
  @IsIn(['asc', 'desc'])
  @IsOptional()
  override order: 'asc' | 'desc' = 'asc';
}

export class DocumentChangeDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { department: 'legal' },
    description: 'Takes the place of what was there. At most 16 kB',
  })
  @Transform(({ obj }: { obj: { metadata: unknown } }) => obj.metadata) // as it came, whatever its keys are named
  @IsObject()
  metadata: Record<string, unknown>;
}

export class DocumentDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  collection_id: string;

  @ApiProperty({ example: 'handbook.pdf' })
  title: string;

  @ApiProperty({ type: 'integer', description: 'Of the title, from 1. The newest that became ready is searched' })
  version: number;

  @ApiProperty({ description: 'Ready, but a newer version of the title has taken its place' })
  superseded: boolean;

  @ApiProperty({ enum: STATUSES })
  status: DocumentStatus;

  @ApiProperty({
    description: 'Running, but nothing was heard of its worker for 15 s: another one will take it within seconds',
  })
  stalled: boolean;

  @ApiProperty({ enum: STEPS, nullable: true, description: 'What is being done, while it is running' })
  step: Step | null;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 100, description: 'Per cent' })
  progress: number;

  @ApiProperty({
    type: FailureDto,
    nullable: true,
    description: 'Why it failed; of a queued one, why the attempt before did',
  })
  error: FailureDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Queued after trouble with a provider: when it is tried again',
  })
  next_attempt_at: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  pages: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'How many it was cut into' })
  chunks: number | null;

  @ApiProperty({ type: 'integer', description: 'Of all chunks together' })
  tokens: number;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '0.000420',
    description: 'What its embeddings cost, all attempts together; null when the model has no known price',
  })
  cost_usd: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  metadata: Record<string, unknown>;

  @ApiProperty({ type: 'integer', nullable: true })
  bytes: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'application/pdf', description: 'Told by its bytes' })
  media_type: string | null;

  @ApiProperty({ type: String, nullable: true })
  filename: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Where it was fetched from' })
  url: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'en' })
  language: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  ready_at: string | null;
}

export class DocumentPageDto extends PageDto {
  @ApiProperty({ type: [DocumentDto] })
  data: DocumentDto[];
}

export class AddedDocumentsDto {
  @ApiProperty({ type: [DocumentDto], description: 'In the order of the files' })
  data: DocumentDto[];
}

class PageSpanDto {
  @ApiProperty({ type: 'integer' })
  page: number;

  @ApiProperty({ type: 'integer' })
  start: number;

  @ApiProperty({ type: 'integer' })
  end: number;
}

class HeadingDto {
  @ApiProperty({ type: 'integer' })
  level: number;

  @ApiProperty()
  title: string;

  @ApiProperty({ type: 'integer' })
  start: number;
}

/** Offsets are UTF-16 code units of `text`, as JavaScript slices. */
export class DocumentTextDto {
  @ApiProperty({ format: 'uuid' })
  document_id: string;

  @ApiProperty({ description: 'What every offset refers to, in UTF-16 code units' })
  text: string;

  @ApiProperty({ type: [PageSpanDto], description: 'Pages, slides or sheets; none where the format has none' })
  pages: PageSpanDto[];

  @ApiProperty({ type: [HeadingDto] })
  headings: HeadingDto[];
}

export class ChunkDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: 'integer', description: 'From 0' })
  ordinal: number;

  @ApiProperty()
  text: string;

  @ApiProperty({ type: 'integer', description: 'Of the extracted text, in UTF-16 code units' })
  start: number;

  @ApiProperty({ type: 'integer' })
  end: number;

  @ApiProperty({ type: 'integer', nullable: true })
  page: number | null;

  @ApiProperty({ type: [String], description: 'The headings it stands under, outermost first' })
  heading_path: string[];

  @ApiProperty({ type: 'integer' })
  tokens: number;
}

export class ChunkPageDto extends PageDto {
  @ApiProperty({ type: [ChunkDto] })
  data: ChunkDto[];
}
