import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { IfGiven } from '../../platform/common/errors/if-given.decorator';
import { PageDto } from '../../platform/common/http/pagination';

export class NewDatabaseDto {
  @ApiProperty({ description: 'What models call it by', example: 'shop' })
  @Matches(/^[a-zA-Z0-9_-]{1,64}$/, { message: '$property must be 1 to 64 letters, digits, _ and -' })
  name: string;

  @ApiProperty({
    description:
      '`postgres://user:password@host:port/database`, with `?sslmode=require` or `verify-full` when it speaks TLS. A ' +
      'secret: encrypted at rest, never told again. What its role may read is what models may read',
    example: 'postgres://reader:secret@db.example.com:5432/shop?sslmode=verify-full',
  })
  @IsString()
  @Length(1, 2_000)
  url: string;

  @ApiProperty({ type: [String], description: 'Whose tables and views may be named', example: ['reporting'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique()
  @Matches(/^(?!pg_|information_schema$)[^\0]{1,63}$/, {
    each: true,
    message: 'each value in $property must be the name of a schema that is not the system’s',
  })
  schemas: string[];

  @ApiPropertyOptional({ type: 'integer', description: 'Of one answer', default: 200, example: 200 })
  @IsInt()
  @Min(1)
  @Max(10_000)
  @IfGiven()
  max_rows = 200;

  @ApiPropertyOptional({ type: 'integer', description: 'Of one statement', default: 10_000, example: 10_000 })
  @IsInt()
  @Min(100)
  @Max(120_000)
  @IfGiven()
  statement_timeout_ms = 10_000;
}

export class DatabaseDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'shop' })
  name: string;

  @ApiProperty({ example: 'db.example.com:5432' })
  host: string;

  @ApiProperty({ type: [String], example: ['reporting'] })
  schemas: string[];

  @ApiProperty({ type: 'integer', example: 200 })
  max_rows: number;

  @ApiProperty({ type: 'integer', example: 10_000 })
  statement_timeout_ms: number;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

export class DatabasesPageDto extends PageDto {
  @ApiProperty({ type: [DatabaseDto] })
  data: DatabaseDto[];
}
