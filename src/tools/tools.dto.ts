import { ApiProperty } from '@nestjs/swagger';
import { type JsonSchema, SIDE_EFFECTS, type SideEffects, TOOL_ORIGINS, type ToolOrigin } from './tools.types';

export class ToolDto {
  @ApiProperty({ description: 'What `server_tools` and agents ask for it by', example: 'calculator' })
  name: string;

  @ApiProperty({ description: 'As the model is told it', example: 'Evaluates one arithmetic expression.' })
  description: string;

  @ApiProperty({
    enum: TOOL_ORIGINS,
    description: 'With Parley, described by the workspace, or of an MCP server of it',
  })
  origin: ToolOrigin;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema of the arguments',
    example: { type: 'object', properties: { expression: { type: 'string' } }, required: ['expression'] },
  })
  parameters: JsonSchema;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'JSON Schema of the result, where it is known',
    example: null,
  })
  output_schema: JsonSchema | null;

  @ApiProperty({ description: 'Of one execution', example: '0.000000' })
  price_usd: string;

  @ApiProperty({ type: 'integer', description: 'How long it is waited for', example: 30_000 })
  timeout_ms: number;

  @ApiProperty({
    enum: SIDE_EFFECTS,
    description:
      '`writes`: never executed twice for one call of a run, and one after the other in the order of the calls',
  })
  side_effects: SideEffects;

  @ApiProperty({ description: 'Whether doing it again with the same idempotency key changes nothing more' })
  idempotent: boolean;
}

export class ToolListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';

  @ApiProperty({ type: [ToolDto], description: 'All of them' })
  data: ToolDto[];
}
