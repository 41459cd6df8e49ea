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

const RUN_EXAMPLE = `id: 1
event: message.start
data: {"type":"message.start","message_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11","run_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11","model":"demo/echo","provider":"demo"}

id: 2
event: tool.call
data: {"type":"tool.call","id":"call_1","name":"calculator","arguments":"{\\"expression\\":\\"6 * 7\\"}","server":true}

id: 3
event: tool.result
data: {"type":"tool.result","id":"call_1","name":"calculator","content":"42","is_error":false,"truncated":false,"duration_ms":1,"cost_usd":"0.000000"}

id: 4
event: message.delta
data: {"type":"message.delta","text":"42"}

id: 5
event: message.end
data: {"type":"message.end","run_id":"0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11","status":"completed","stop_reason":"answered","finish_reason":"stop","output":"42","usage":{"input_tokens":1,"output_tokens":1},"cost_usd":"0.000000","unpriced":false}

`;

/** The OpenAPI description of the event stream of a run. */
export const ApiRunStream = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description:
      'Events `message.start`, `message.delta`, `reasoning.delta`, `tool.call`, `tool.result`, `approval.required`, `run.resumed`, and last `message.end` or `error`. Their ids grow, with gaps.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: RUN_EXAMPLE } },
  });

/** The OpenAPI description of Parley's own event stream. */
export const ApiNativeStream = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description:
      'Events `message.start`, `message.delta`, `reasoning.delta`, `tool.call`, `tool.result`, `citation`, and last `message.end` or `error` (whose `error` has the shape of every error). Their ids count from 1 without gaps.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
  });
