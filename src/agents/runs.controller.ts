import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { ApiRunStream } from '../chat/native-stream.decorator';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../idempotency/idempotent.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page } from '../platform/common/http/pagination';
import { ZodBody } from '../platform/common/http/zod-body';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../platform/common/openapi/zod-schemas';
import { RateLimited } from '../usage/rate-limited.decorator';
import { RunDto, RunPageDto, RunsQuery, type RunSummaryDto } from './runs.dto';
import { type DecisionBody, decisionBody, type RunBody, runBody } from './runs.schema';
import { RunsService } from './runs.service';

const Id = () => Param('id', idParam('run'));
const NOT_FOUND = '404 run_not_found';
const EXAMPLES = {
  tools: { value: { input: 'call calculator {"expression": "6 * 7"}', tools: ['calculator'], model: 'demo/echo' } },
  approval: { value: { input: 'call current_time', tools: ['current_time'], approve: ['current_time'] } },
  background: { value: { input: 'call calculator {"expression": "1 + 1"}', tools: ['calculator'], background: true } },
};
const DECISIONS = {
  approve: { value: { decision: 'approve' } },
  reject: { value: { call_id: 'call_1', decision: 'reject', reason: 'Not on Sundays.' } },
  edit: { value: { call_id: 'call_1', decision: 'edit', arguments: { timezone: 'UTC' } } },
};

@ApiTags('agents')
@Requires('agents:use')
@Controller('agents/runs')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Post()
  @RateLimited()
  @Idempotent()
  @ApiOperation({
    summary: 'Let a model go on by itself, with tools',
    description:
      'Answered when the run ends or waits for a decision; 202 at once with `background`; with `stream` as events, of which ' +
      '`message.start` carries `run_id`, `approval.required` comes before a pause, and the last is `message.end` (or `error`). ' +
      'What fails once it has begun is told in the run: `failed`, with its `error`. Every step is stored before the next begins: a run goes on when its client leaves, and in another process when its own dies. ' +
      'Everything is done as its caller, with the rights they have at that time.',
  })
  @ApiBody({ schema: zodSchema('RunRequest', runBody), examples: EXAMPLES })
  @ApiCreatedResponse({ type: RunDto, description: 'It has ended, or waits' })
  @ApiAcceptedResponse({ type: RunDto, description: 'It is done in the background' })
  @ApiRunStream()
  @ApiErrors(
    '403 insufficient_scope',
    '404 agent_not_found',
    '404 tool_not_found',
    '404 collection_not_found',
    '400 model_not_found',
    '403 model_not_allowed',
    '400 unsupported_parameter',
    ...IDEMPOTENCY_ERRORS,
  )
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(runBody)) body: RunBody,
    @Res() res: Response,
  ): Promise<void> {
    return this.runs.create(user, body, res);
  }

  @Get()
  @Requires('agents:read')
  @ApiOperation({ summary: 'Your runs' })
  @ApiOkResponse({ type: RunPageDto })
  list(@CurrentUser() user: Principal, @Query() query: RunsQuery): Promise<Page<RunSummaryDto>> {
    return this.runs.list(user, query);
  }

  @Get(':id')
  @Requires('agents:read')
  @ApiOperation({ summary: 'One run, with every step' })
  @ApiOkResponse({ type: RunDto })
  @ApiErrors(NOT_FOUND)
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<RunDto> {
    return this.runs.get(user, id);
  }

  @Get(':id/stream')
  @Requires('agents:read')
  @ApiOperation({
    operationId: 'runs_stream',
    summary: 'Listen to a run',
    description:
      'The events after `Last-Event-ID`, then those to come, until it ends or waits; all of them without it. From any replica. ' +
      'Ids grow, with gaps where a process died; `run.resumed` says that what was told after the event `after` is void, because ' +
      'the call it belonged to is made again. A result may be told twice.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string', pattern: '^\\d{1,9}$', example: '2' },
  })
  @ApiRunStream()
  @ApiNoContentResponse({ description: 'That was the last event: nothing more will come' })
  @ApiErrors(NOT_FOUND)
  stream(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() res: Response,
  ): Promise<void> {
    return this.runs.resume(user, id, lastEventId, res);
  }

  @Post(':id/approve')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Decide about tool calls that wait',
    description:
      'When none is left, the run goes on in the background. What is rejected is told to the model, with the reason; `edit` ' +
      'executes the call with other arguments. A call whose outcome is unknown is executed again when it is approved.',
  })
  @ApiBody({ schema: zodSchema('DecisionRequest', decisionBody), examples: DECISIONS })
  @ApiOkResponse({ type: RunDto })
  @ApiErrors(NOT_FOUND, '403 insufficient_scope', '409 run_not_waiting', '409 tool_call_not_waiting')
  approve(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(decisionBody)) body: DecisionBody,
  ): Promise<RunDto> {
    return this.runs.decide(user, id, body);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Stop a run',
    description: 'From any replica. What was done is kept and billed. One that has ended is left as it is.',
  })
  @ApiOkResponse({ type: RunDto })
  @ApiErrors(NOT_FOUND)
  cancel(@CurrentUser() user: Principal, @Id() id: string): Promise<RunDto> {
    return this.runs.cancel(user, id);
  }
}
