import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsString, Matches, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { IfGiven } from '../platform/common/errors/if-given.decorator';
import { PageDto } from '../platform/common/http/pagination';
import { type Chunking, STRATEGIES } from './chunks.types';
import { ACCESS, type Access } from './collections.types';
import { FailureDto } from './failure.dto';

const ACCESS_DESCRIPTION =
  '`private`: its owner alone; `workspace`: every member reads and writes; `read_only`: every member reads, its owner and ' +
  'the owners and admins of the workspace write';

/** What is absent stays, or is the default for a new collection. */
export class ChunkingFieldsDto {
  @ApiPropertyOptional({ enum: STRATEGIES, default: 'recursive' })
  @IsIn(STRATEGIES)
  @IfGiven()
  strategy?: Chunking['strategy'];

  @ApiPropertyOptional({ type: 'integer', minimum: 16, maximum: 4096, default: 512, description: 'In tokens' })
  @IsInt()
  @Min(16)
  @Max(4096)
  @IfGiven()
  size?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 2048,
    default: 64,
    description: 'In tokens; at most half of `size`',
  })
  @IsInt()
  @Min(0)
  @Max(2048)
  @IfGiven()
  overlap?: number;
}

class CollectionSettingsDto {
  @ApiPropertyOptional({
    example: 'local/hash-384',
    description: 'Another one, later, has all documents indexed again, while the index they have answers',
  })
  @MaxLength(256)
  @IsString()
  @IfGiven()
  embedding_model?: string;

  @ApiPropertyOptional({
    type: ChunkingFieldsDto,
    description: 'Another one, later, has all documents indexed again, too',
  })
  @Type(() => ChunkingFieldsDto)
  @ValidateNested()
  @IsObject()
  @IfGiven()
  chunking?: ChunkingFieldsDto;

  @ApiPropertyOptional({ enum: ACCESS, description: ACCESS_DESCRIPTION })
  @IsIn(ACCESS)
  @IfGiven()
  access?: Access;
}

export class NewCollectionDto extends CollectionSettingsDto {
  @ApiProperty({ maxLength: 200, example: 'Handbooks' })
  @Matches(/\S/, { message: 'name must not be blank' })
  @MaxLength(200)
  @IsString()
  name: string;
}

export class CollectionChangeDto extends PartialType(NewCollectionDto, { skipNullProperties: false }) {}

class ChunkingDto {
  @ApiProperty({ enum: STRATEGIES })
  strategy: Chunking['strategy'];

  @ApiProperty({ type: 'integer', example: 512 })
  size: number;

  @ApiProperty({ type: 'integer', example: 64 })
  overlap: number;
}

class ReindexingDto {
  @ApiProperty({ example: 'openai/text-embedding-3-small' })
  embedding_model: string;

  @ApiProperty({ type: ChunkingDto })
  chunking: ChunkingDto;

  @ApiProperty({ type: 'integer', description: 'Per cent of the documents' })
  progress: number;

  @ApiProperty({ type: FailureDto, nullable: true, description: 'Why the last attempt ended' })
  error: FailureDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'Of the next attempt after a failed one; null with an error: there will be none before the next change',
  })
  next_attempt_at: string | null;
}

export class CollectionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Handbooks' })
  name: string;

  @ApiProperty({ format: 'uuid', description: 'Its owner' })
  user_id: string;

  @ApiProperty({ enum: ACCESS, description: ACCESS_DESCRIPTION })
  access: Access;

  @ApiProperty({ example: 'local/hash-384', description: 'Of the index that answers' })
  embedding_model: string;

  @ApiProperty({ type: ChunkingDto })
  chunking: ChunkingDto;

  @ApiProperty({ type: 'integer', description: 'How many documents are searched' })
  documents: number;

  @ApiProperty({ type: ReindexingDto, nullable: true, description: 'The index that will take the place of that one' })
  reindexing: ReindexingDto | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class CollectionPageDto extends PageDto {
  @ApiProperty({ type: [CollectionDto] })
  data: CollectionDto[];
}
