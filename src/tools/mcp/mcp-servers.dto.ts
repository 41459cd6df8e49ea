import { ApiProperty } from '@nestjs/swagger';
import { PageDto } from '../../platform/common/http/pagination';
import { SIDE_EFFECTS, type SideEffects } from '../tools.types';
import { type McpTarget, TRANSPORTS } from './mcp.types';

export const STATES = ['pending', 'connected', 'failed'] as const;

class McpToolDto {
  @ApiProperty({ description: 'As in `GET /v1/tools`', example: 'files__read_file' })
  name: string;

  @ApiProperty({ description: 'What the server calls it', example: 'read_file' })
  server_name: string;

  @ApiProperty({ enum: SIDE_EFFECTS })
  side_effects: SideEffects;
}

export class McpServerDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'files' })
  name: string;

  @ApiProperty({ enum: TRANSPORTS })
  transport: McpTarget['transport'];

  @ApiProperty({ type: String, nullable: true, description: 'Of `http`', example: 'https://mcp.example.com/mcp' })
  url: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Of `stdio`', example: null })
  command: string | null;

  @ApiProperty({ type: [String], nullable: true, description: 'Of `stdio`', example: null })
  args: string[] | null;

  @ApiProperty({ type: [String], nullable: true, description: 'Their names', example: ['authorization'] })
  headers: string[] | null;

  @ApiProperty({ type: [String], nullable: true, description: 'Their names', example: null })
  env: string[] | null;

  @ApiProperty({ type: 'integer', example: 30_000 })
  timeout_ms: number;

  @ApiProperty({ enum: SIDE_EFFECTS })
  side_effects: SideEffects;

  @ApiProperty()
  trust_annotations: boolean;

  @ApiProperty({ type: [String], nullable: true, description: 'null: all', example: null })
  allowed_tools: string[] | null;

  @ApiProperty({ enum: STATES, description: 'Whether it answered when it was last asked for its tools' })
  state: (typeof STATES)[number];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it did not',
    example: "it can't be reached (ECONNREFUSED)",
  })
  last_error: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When it was last asked' })
  checked_at: string | null;

  @ApiProperty({ type: [McpToolDto], description: 'Those it listed last' })
  tools: McpToolDto[];

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class McpServerPageDto extends PageDto {
  @ApiProperty({ type: [McpServerDto] })
  data: McpServerDto[];
}
