import { ApiProperty } from '@nestjs/swagger';

/** Why something did not come about. */
export class FailureDto {
  @ApiProperty({ example: 'document_encrypted' })
  code: string;

  @ApiProperty({ example: 'The PDF is protected by a password.' })
  message: string;
}
