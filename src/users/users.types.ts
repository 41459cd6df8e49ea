import { ApiProperty } from '@nestjs/swagger';

/** A person as the API shows them. Rows are read in this shape. */
export class UserDto {
  @ApiProperty({ format: 'uuid', example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' })
  id: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  email: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @ApiProperty({ description: 'Whether the person administers this installation' })
  is_admin: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}
