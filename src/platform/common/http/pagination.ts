import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';

/** Query of every listing. Keyset, never offset: a page stays right while rows come and go. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  @IsOptional()
  limit = 20;

  @ApiPropertyOptional({ format: 'uuid', description: 'Id of the last row of the page before' })
  @IsUUID()
  @IsOptional()
  after?: string;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc', description: 'By time of creation' })
  @IsIn(['asc', 'desc'])
  @IsOptional()
  order: 'asc' | 'desc' = 'desc';
}

/** What every listing answers, around its own `data`. */
export abstract class PageDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  first_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  last_id: string | null;

  @ApiProperty()
  has_more: boolean;
}

export interface Page<T> {
  object: 'list';
  data: T[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

/** A page of rows fetched with `LIMIT limit + 1`: the extra row tells that more follow. */
export function toPage<Row extends { id: string }, T>(rows: Row[], limit: number, convert: (row: Row) => T): Page<T> {
  const shown = rows.slice(0, limit);
  return {
    object: 'list',
    data: shown.map(convert),
    first_id: shown[0]?.id ?? null,
    last_id: shown.at(-1)?.id ?? null,
    has_more: rows.length > limit,
  };
}
