import { ApiProperty } from '@nestjs/swagger';

export class ErrorBodyDto {
  @ApiProperty({
    enum: [
      'invalid_request_error',
      'authentication_error',
      'permission_error',
      'not_found_error',
      'conflict_error',
      'guardrail_error',
      'rate_limit_error',
      'upstream_error',
      'server_error',
    ],
  })
  type: string;

  @ApiProperty({ description: 'Stable name of the failure', example: 'validation_failed' })
  code: string;

  @ApiProperty({ example: "Unknown field 'mesage'." })
  message: string;

  @ApiProperty({ type: String, nullable: true, description: 'The request field at fault', example: 'mesage' })
  param: string | null;

  @ApiProperty({ example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' })
  request_id: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      'What there is to tell besides: bad fields, attempts that failed, budgets, permissions; see the example of each code',
    example: [{ field: 'mesage', message: "Unknown field 'mesage'." }],
  })
  details: Record<string, unknown>[];
}

/** Every error of the API, also inside streams. */
export class ErrorDto {
  @ApiProperty({ type: ErrorBodyDto })
  error: ErrorBodyDto;
}
