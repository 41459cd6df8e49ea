import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

class JsonRpcErrorDto {
  @ApiProperty({ type: 'integer', example: -32602 })
  code: number;

  @ApiProperty({ example: "There is no tool 'search'." })
  message: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Record<string, unknown>;
}

/** Of JSON-RPC 2.0. */
export class McpAnswerDto {
  @ApiProperty({ enum: ['2.0'] })
  jsonrpc: '2.0';

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'integer' }],
    description: 'That of the request',
    example: 1,
  })
  id?: string | number;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { tools: [] } })
  result?: Record<string, unknown>;

  @ApiPropertyOptional({ type: JsonRpcErrorDto })
  error?: JsonRpcErrorDto;
}
