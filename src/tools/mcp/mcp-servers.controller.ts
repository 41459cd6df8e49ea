import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { idParam } from '../../platform/common/errors/validation';
import { type Page, PageQuery } from '../../platform/common/http/pagination';
import { ZodBody } from '../../platform/common/http/zod-body';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../../platform/common/openapi/zod-schemas';
import { McpServerDto, McpServerPageDto } from './mcp-servers.dto';
import { type McpServerBody, mcpServerBody } from './mcp-servers.schema';
import { McpServersService } from './mcp-servers.service';

const Id = () => Param('id', idParam('mcp_server'));
const NOT_FOUND = '404 mcp_server_not_found';
const BODY = zodSchema('McpServerRequest', mcpServerBody);
const EXAMPLES = {
  http: {
    value: {
      name: 'files',
      transport: 'http',
      url: 'https://mcp.example.com/mcp',
      headers: { authorization: 'Bearer secret' },
    },
  },
  stdio: { value: { name: 'time', transport: 'stdio', command: '/usr/bin/uvx', args: ['mcp-server-time'] } },
};

@ApiTags('tools')
@Requires('tools:manage')
@Controller('mcp/servers')
export class McpServersController {
  constructor(private readonly servers: McpServersService) {}

  @Post()
  @ApiOperation({
    summary: 'Give the workspace the tools of an MCP server',
    description:
      'By Streamable HTTP; as a process (`stdio`) only for those who run the installation. It is asked for its tools at ' +
      'once: `state` and `last_error` say what came of that. It is not changed later: delete it, and make another.',
  })
  @ApiBody({ schema: BODY, examples: EXAMPLES })
  @ApiCreatedResponse({ type: McpServerDto })
  @ApiErrors('409 mcp_server_exists', '409 too_many_mcp_servers', '503 encryption_key_missing')
  create(@CurrentUser() user: Principal, @Body(new ZodBody(mcpServerBody)) body: McpServerBody): Promise<McpServerDto> {
    return this.servers.create(user, body);
  }

  @Get()
  @Requires('tools:read')
  @ApiOperation({ summary: 'The MCP servers of the workspace' })
  @ApiOkResponse({ type: McpServerPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<Page<McpServerDto>> {
    return this.servers.list(user, query);
  }

  @Get(':id')
  @Requires('tools:read')
  @ApiOperation({ summary: 'One MCP server, with its state and its tools' })
  @ApiOkResponse({ type: McpServerDto })
  @ApiErrors(NOT_FOUND)
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<McpServerDto> {
    return this.servers.get(user, id);
  }

  @Post(':id/refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ask it for its tools now',
    description:
      'They are asked for again every ten minutes where they are used, and when the server says they have changed.',
  })
  @ApiOkResponse({ type: McpServerDto })
  @ApiErrors(NOT_FOUND)
  refresh(@CurrentUser() user: Principal, @Id() id: string): Promise<McpServerDto> {
    return this.servers.refresh(user, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete it with its credentials; its tools are gone at once' })
  @ApiNoContentResponse()
  @ApiErrors(NOT_FOUND)
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.servers.delete(user, id);
  }
}
