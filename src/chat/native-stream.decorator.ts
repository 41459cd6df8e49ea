import { ApiResponse } from '@nestjs/swagger';

const EXAMPLE = `id: 1
event: message.start
data: {"type":"message.start","message_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11","model":"demo/echo","provider":"demo"}

id: 2
event: message.delta
data: {"type":"message.delta","text":"Hello!"}

id: 3
event: message.end
data: {"type":"message.end","finish_reason":"stop","usage":{"input_tokens":1,"output_tokens":1},"cost_usd":"0.000000"}

`;

/** The OpenAPI description of Parley's own event stream. */
export const ApiNativeStream = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description:
      'Events `message.start`, `message.delta`, `reasoning.delta`, `tool.call`, and last `message.end` or `error` (whose `error` has the shape of every error). Their ids count from 1 without gaps.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  });
