import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsString, Max, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IfGiven } from '../platform/common/errors/if-given.decorator';
import { SEARCH_MODES, type SearchMode } from './search.types';

class RerankDto {
  @ApiProperty({ description: '`none`, `llm`, or the id of a reranker of `parley.yaml`', example: 'none' })
  @IsString()
  @MaxLength(63)
  by: string;

  @ApiPropertyOptional({ description: 'The model that `llm` asks; the default one when absent', example: 'demo/echo' })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  @IfGiven()
  model?: string;
}

export class SearchDto {
  @ApiProperty({
    description:
      'Any of its words is enough; `"quoted phrases"` must be there, and `-words` and `-"phrases"` must not. Of many words, the first hundred are looked for.',
    minLength: 1,
    maxLength: 8_000,
    example: 'how to restore a backup',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(8_000)
  query: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 8, description: 'Passages wanted' })
  @IsInt()
  @Min(1)
  @Max(100)
  @IfGiven()
  k?: number;

  @ApiPropertyOptional({ enum: SEARCH_MODES, default: 'hybrid', description: 'By words, by vectors, or by both' })
  @IsIn(SEARCH_MODES)
  @IfGiven()
  mode?: SearchMode;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'Which documents are searched. Fields with the value they are to equal, or with `{ eq | ne | in | gt | gte | lt | lte | exists: … }`; `{ and: [...] }`, `{ or: [...] }`, `{ not: … }`. Fields are keys of the metadata, and `title`, `document_id`, `filename`, `media_type`, `language`, `url`, `created_at`. A list equals each of its items; what is not there equals nothing.',
    example: { not: { department: 'engineering' } },
  })
  @Transform(({ obj }: { obj: { filter: unknown } }) => obj.filter) // as it came, whatever its keys are named
  @IsObject()
  @IfGiven()
  filter?: Record<string, unknown>;

  @ApiPropertyOptional({ type: RerankDto })
  @Type(() => RerankDto)
  @ValidateNested()
  @IsObject()
  @IfGiven()
  rerank?: RerankDto;
}

export class PassageDto {
  @ApiProperty({ format: 'uuid', description: 'The best of the chunks it is made of' })
  chunk_id: string;

  @ApiProperty({ format: 'uuid' })
  document_id: string;

  @ApiProperty({ format: 'uuid' })
  collection_id: string;

  @ApiProperty({ example: 'Administration guide' })
  title: string;

  @ApiProperty({ type: String, nullable: true, description: 'Where the document was fetched from' })
  url: string | null;

  @ApiProperty({ description: 'The extracted text of the document from `start` to `end`' })
  text: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Where it begins', example: 12 })
  page: number | null;

  @ApiProperty({ type: 'integer', description: 'In UTF-16 code units' })
  start: number;

  @ApiProperty({ type: 'integer' })
  end: number;

  @ApiProperty({ type: [String], example: ['Backups', 'Restoring'] })
  heading_path: string[];

  @ApiProperty({
    minimum: 0,
    maximum: 1,
    description:
      "What the order is by: the reranker's figure; else by mode the share of the most a text could score (`text`), the cosine (`vector`), or the share of being first in both (`hybrid`)",
  })
  score: number;

  @ApiProperty({ type: Number, nullable: true, description: 'In `text`; null when its words did not find it' })
  text_score: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'In `vector`; null when its vector did not find it' })
  vector_score: number | null;
}

class NotReadyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ enum: ['queued', 'running'] })
  status: string;
}

class RerankOutcomeDto {
  @ApiProperty({ example: 'llm' })
  by: string;

  @ApiProperty({ description: 'Whether the order is by it; otherwise it is that of the search' })
  applied: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Why not' })
  reason: string | null;
}

export class SearchResultDto {
  @ApiProperty({ type: [PassageDto], description: 'The best first' })
  data: PassageDto[];

  @ApiProperty({ type: [NotReadyDto], description: 'Documents that are not searched yet, at most a hundred' })
  not_ready: NotReadyDto[];

  @ApiProperty({ type: RerankOutcomeDto, nullable: true, description: 'Null when no reranking was asked for' })
  rerank: RerankOutcomeDto | null;
}
