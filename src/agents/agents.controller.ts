import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { type Page, PageQuery } from '../platform/common/http/pagination';
import { ZodBody } from '../platform/common/http/zod-body';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { zodSchema } from '../platform/common/openapi/zod-schemas';
import { AgentDto, AgentPageDto, AgentVersionDto, AgentVersionPageDto } from './agents.dto';
import { type AgentChange, agentChangeBody, type NewAgent, newAgentBody } from './agents.schema';
import { AgentsService } from './agents.service';

const Id = () => Param('id', idParam('agent'));
const NOT_FOUND = '404 agent_not_found';
const UNUSABLE = [
  '400 model_not_found',
  '403 model_not_allowed',
  '404 tool_not_found',
  '404 collection_not_found',
  '409 agent_name_taken',
] as const;
/** Fields and items of a body. */
const MOST_FIELDS = 1_000;

@ApiTags('agents')
@Requires('agents:write')
@Controller('agents')
export class AgentsController {
  constructor(private readonly agents: AgentsService) {}

  @Post()
  @ApiOperation({
    summary: 'Save an agent',
    description:
      'Every member of the workspace may run it, as themselves: with their own rights to its tools and documents, and ' +
      'at their own expense.',
  })
  @ApiBody({ schema: zodSchema('NewAgent', newAgentBody) })
  @ApiCreatedResponse({ type: AgentDto })
  @ApiErrors(...UNUSABLE)
  create(
    @CurrentUser() user: Principal,
    @Body(new ZodBody(newAgentBody, MOST_FIELDS)) agent: NewAgent,
  ): Promise<AgentDto> {
    return this.agents.create(user, agent);
  }

  @Get()
  @Requires('agents:read')
  @ApiOperation({ summary: 'The agents of the workspace' })
  @ApiOkResponse({ type: AgentPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<Page<AgentDto>> {
    return this.agents.list(user, query);
  }

  @Get(':id')
  @Requires('agents:read')
  @ApiOperation({ summary: 'One agent, in its current version' })
  @ApiOkResponse({ type: AgentDto })
  @ApiErrors(NOT_FOUND)
  get(@CurrentUser() user: Principal, @Id() id: string): Promise<AgentDto> {
    return this.agents.get(user, id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change it',
    description:
      'Makes a new version, unless nothing changes. For who made the agent, and owners and admins of the workspace. What ' +
      'is absent stays; null is as if it had never been given.',
  })
  @ApiBody({ schema: zodSchema('AgentChange', agentChangeBody) })
  @ApiOkResponse({ type: AgentDto })
  @ApiErrors(NOT_FOUND, '404 agent_version_not_found', '409 agent_changed', ...UNUSABLE)
  update(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Body(new ZodBody(agentChangeBody, MOST_FIELDS)) change: AgentChange,
  ): Promise<AgentDto> {
    return this.agents.update(user, id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete it with its versions',
    description: 'For who made it, and owners and admins of the workspace. It is gone from every read at once.',
  })
  @ApiNoContentResponse()
  @ApiErrors(NOT_FOUND)
  delete(@CurrentUser() user: Principal, @Id() id: string): Promise<void> {
    return this.agents.delete(user, id);
  }

  @Get(':id/versions')
  @Requires('agents:read')
  @ApiOperation({ summary: 'Its versions' })
  @ApiOkResponse({ type: AgentVersionPageDto })
  @ApiErrors(NOT_FOUND)
  versions(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Query() query: PageQuery,
  ): Promise<Page<AgentVersionDto>> {
    return this.agents.versions(user, id, query);
  }

  @Get(':id/versions/:version')
  @Requires('agents:read')
  @ApiOperation({ summary: 'One version, which never changes' })
  @ApiParam({ name: 'version', schema: { type: 'integer', minimum: 1 } })
  @ApiOkResponse({ type: AgentVersionDto })
  @ApiErrors(NOT_FOUND, '404 agent_version_not_found')
  version(
    @CurrentUser() user: Principal,
    @Id() id: string,
    @Param('version') version: string,
  ): Promise<AgentVersionDto> {
    return this.agents.version(user, id, version);
  }
}
