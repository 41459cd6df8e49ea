import { ApiProperty } from '@nestjs/swagger';
import { PageDto } from '../../platform/common/http/pagination';
import { type JsonSchema, SIDE_EFFECTS, type SideEffects } from '../tools.types';
import { CUSTOM_KINDS, type CustomKind, METHODS, type SkippedOperation } from './custom-tools.types';

export class CustomOperationDto {
  @ApiProperty({ description: 'What models call it by, and `server_tools` ask for it by', example: 'order_status' })
  name: string;

  @ApiProperty({ example: 'The state of an order.' })
  description: string;

  @ApiProperty({ enum: METHODS })
  method: (typeof METHODS)[number];

  @ApiProperty({ example: 'https://shop.example.com/orders/{order_id}' })
  url: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema of the arguments',
    example: { type: 'object', properties: { order_id: { type: 'string' } }, required: ['order_id'] },
  })
  parameters: JsonSchema;

  @ApiProperty({ enum: SIDE_EFFECTS })
  side_effects: SideEffects;

  @ApiProperty({ type: String, nullable: true, example: null })
  idempotency_header: string | null;

  @ApiProperty({ type: 'integer', example: 30_000 })
  timeout_ms: number;

  @ApiProperty({ description: 'Of one execution', example: '0.000000' })
  price_usd: string;
}

export class CustomToolDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: CUSTOM_KINDS, description: 'One endpoint, or the operations of an OpenAPI document' })
  kind: CustomKind;

  @ApiProperty({ description: 'The name of the endpoint, or the title of the document', example: 'order_status' })
  title: string;

  @ApiProperty({ type: [String], description: 'What is sent with every request; values are never told' })
  header_names: string[];

  @ApiProperty({ type: [CustomOperationDto] })
  tools: CustomOperationDto[];

  @ApiProperty({ format: 'date-time' })
  created_at: Date;

  @ApiProperty({ format: 'date-time' })
  updated_at: Date;
}

class SkippedOperationDto implements SkippedOperation {
  @ApiProperty({ example: 'uploadPhoto' })
  operation: string;

  @ApiProperty({ example: 'its body is not JSON' })
  reason: string;
}

export class AddedCustomToolDto extends CustomToolDto {
  @ApiProperty({ type: [SkippedOperationDto], description: 'Operations of the document that can be no tools' })
  skipped: SkippedOperation[];
}

export class CustomToolsPageDto extends PageDto {
  @ApiProperty({ type: [CustomToolDto] })
  data: CustomToolDto[];
}
