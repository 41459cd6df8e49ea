import { Body, Controller, Delete, Get, HttpCode, Post, Res, UseGuards } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { IDEMPOTENCY_ERRORS, Idempotent } from '../../idempotency/idempotent.decorator';
import { RateLimited } from '../../usage/rate-limited.decorator';
import { McpOriginGuard } from './mcp-origin.guard';
import { McpAnswerDto } from './mcp.dto';
import { callsOf, mcpMessage, type McpMessage } from './mcp.schema';
import { McpService } from './mcp.service';

const BODY = zodSchema('McpMessage', mcpMessage);
const EXAMPLES = {
  list: { value: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
  call: {
    value: {
      jsonrpc: '2.0',
      id: 2,
      method: 'tools/call',
      params: { name: 'calculator', arguments: { expression: '6 * 7' } },
    },
  },
};

@ApiTags('tools')
@Requires('tools:use')
@UseGuards(McpOriginGuard)
@Controller('mcp')
export class McpController {
  constructor(private readonly mcp: McpService) {}

  @Post()
  @HttpCode(200)
  @RateLimited(callsOf)
  @Idempotent()
  @ApiOperation({
    summary: 'The tools of the workspace for clients of the Model Context Protocol',
    description:
      'Streamable HTTP without sessions, answered in JSON: `initialize`, `ping`, `tools/list`, `tools/call`. Each is done as its ' +
      'caller. `tools/call` executes and bills a tool as a chat would, and counts as one request; closing the connection ' +
      'cancels it. Tools of other MCP servers are not passed on. GET and DELETE are answered by 405.',
  })
  @ApiHeader({
    name: 'MCP-Protocol-Version',
    required: false,
    description: 'What was agreed on by `initialize`',
    schema: { type: 'string', example: '2025-11-25' },
  })
  @ApiBody({ schema: BODY, examples: EXAMPLES })
  @ApiOkResponse({ type: McpAnswerDto, description: 'The answer to a request, errors of the protocol included' })
  @ApiAcceptedResponse({ description: 'A notification' })
  @ApiErrors('403 origin_not_allowed', ...IDEMPOTENCY_ERRORS)
  post(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(mcpMessage)) message: McpMessage,
    @Res() res: Response,
  ): Promise<void> {
    return this.mcp.answer(user, message, res);
  }

  @Get()
  @ApiExcludeEndpoint()
  stream(@Res() res: Response): never {
    return this.mcp.refuse(res);
  }

  @Delete()
  @ApiExcludeEndpoint()
  end(@Res() res: Response): never {
    return this.mcp.refuse(res);
  }
}
