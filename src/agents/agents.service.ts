import { Injectable } from '@nestjs/common';
import { authorize } from '../platform/common/auth/authorize';
import { hasRole } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { ProvidersService } from '../providers/providers.service';
import { CollectionsService } from '../rag/collections.service';
import { ToolsService } from '../tools/tools.service';
import { toAgent, toAgentVersion, toDefinition, toReference, toVersion, UNSAID } from './agents.codec';
import { type AgentDto, type AgentVersionDto } from './agents.dto';
import { agentChanged, agentNotFound, agentVersionNotFound, notAgentCreator, noSuchAgent } from './agents.errors';
import { AgentsRepository } from './agents.repository';
import { type AgentChange, type NewAgent } from './agents.schema';
import { type AgentDefinition, type StoredAgent, type StoredAgentVersion } from './agents.types';

/** Saved agents: what all members of a workspace may run, each as themselves. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly repository: AgentsRepository,
    private readonly providers: ProvidersService,
    private readonly tools: ToolsService,
    private readonly collections: CollectionsService,
  ) {}

  /** Throws `agent_name_taken`, and for what it names and can't use `model_not_found`, `tool_not_found` and the like. */
  async create(user: Principal, agent: NewAgent): Promise<AgentDto> {
    await this.check(user, agent);
    return toAgent(await this.repository.create(user, { ...UNSAID, ...agent }));
  }

  async list(user: Principal, query: PageQuery): Promise<Page<AgentDto>> {
    return toPage(await this.repository.list(user, query), query.limit, toAgent);
  }

  async get(user: Principal, id: string): Promise<AgentDto> {
    return toAgent(await this.getStored(user, id));
  }

  /** Of what it names only what the change names is looked at: the rest may be beyond the caller's reach. */
  async update(user: Principal, id: string, { version, from_version, ...fields }: AgentChange): Promise<AgentDto> {
    assertMayChange(user, await this.getStored(user, id));
    const earlier = from_version === undefined ? null : await this.getVersion(user, id, from_version);
    const change = { ...(earlier && toDefinition(earlier.definition)), ...fields };
    await this.check(user, change);
    const after = await this.repository.update(user, id, (before) => {
      if (version !== undefined && version !== before.version) throw agentChanged(before.version);
      return { ...before.definition, ...change };
    });
    if (!after) throw agentNotFound();
    return toAgent(after);
  }

  async delete(user: Principal, id: string): Promise<void> {
    assertMayChange(user, await this.getStored(user, id));
    if (!(await this.repository.softDelete(user, id))) throw agentNotFound();
  }

  async versions(user: Principal, id: string, query: PageQuery): Promise<Page<AgentVersionDto>> {
    await this.getStored(user, id);
    return toPage(await this.repository.versions(user, id, query), query.limit, toAgentVersion);
  }

  async version(user: Principal, id: string, version: string): Promise<AgentVersionDto> {
    await this.getStored(user, id);
    return toAgentVersion(await this.getVersion(user, id, toVersion(version)));
  }

  /**
   * The agent that a caller means by its id or its name, in its current version or the one after an `@`. What it names was
   * within the reach of who wrote it; whether it is within that of who runs it is not looked at here. Throws
   * `agent_not_found`.
   */
  async find(
    user: Principal,
    reference: string,
  ): Promise<{ id: string; version: number; definition: AgentDefinition }> {
    const named = toReference(reference);
    const found = named && (await this.repository.findVersion(user, named.agent, named.version));
    if (!found) throw noSuchAgent(reference);
    return { id: found.agent_id, version: found.version, definition: toDefinition(found.definition) };
  }

  /** Throws `agent_not_found`. */
  private async getStored(user: Principal, id: string): Promise<StoredAgent> {
    const agent = await this.repository.find(user, id);
    if (!agent) throw agentNotFound();
    return agent;
  }

  /** Throws `agent_version_not_found`. */
  private async getVersion(user: Principal, id: string, version: number | null): Promise<StoredAgentVersion> {
    const found = version === null ? null : await this.repository.findVersion(user, id, version);
    if (!found) throw agentVersionNotFound();
    return found;
  }

  /** What can't be used is refused now rather than when it is run. */
  private async check(
    user: Principal,
    { model, tools = [], approve = [], collection_ids = [] }: Partial<AgentDefinition>,
  ): Promise<void> {
    if (model) this.providers.resolve(user.rules, model);
    await this.tools.select(user, tools, 'tools');
    await this.tools.select(user, approve, 'approve');
    if (collection_ids.length > 0) authorize(user, 'documents:read');
    await Promise.all(collection_ids.map((id) => this.collections.getReadable(user, id)));
  }
}

function assertMayChange({ userId, role }: Principal, { created_by }: StoredAgent): void {
  if (userId !== created_by && !hasRole(role, 'admin')) throw notAgentCreator();
}
