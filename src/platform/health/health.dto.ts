import { ApiProperty } from '@nestjs/swagger';

export class HealthDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status: 'ok';
}

export class ReadinessDto {
  @ApiProperty({ enum: ['ready', 'draining', 'unavailable'], example: 'ready' })
  status: 'ready' | 'draining' | 'unavailable';

  @ApiProperty({
    description: 'Each part by name',
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up' },
  })
  checks: Record<string, 'up' | 'down'>;
}
