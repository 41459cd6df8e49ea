import { Injectable } from '@nestjs/common';
import { type Principal } from '../../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../../platform/common/http/pagination';
import { McpListings } from './mcp-listings.service';
import { toNewServer, toServer } from './mcp-servers.codec';
import { type McpServerDto } from './mcp-servers.dto';
import { mcpServerNotFound, stdioForInstanceAdmins } from './mcp-servers.errors';
import { McpServersRepository } from './mcp-servers.repository';
import { type McpServerBody } from './mcp-servers.schema';
import { type StoredMcpServer } from './mcp.types';

@Injectable()
export class McpServersService {
  constructor(
    private readonly servers: McpServersRepository,
    private readonly listings: McpListings,
  ) {}

  /** It stands, and is shown, whether it could be reached or not. */
  async create(user: Principal, body: McpServerBody): Promise<McpServerDto> {
    if (body.transport === 'stdio' && !user.instanceAdmin) throw stdioForInstanceAdmins();
    const server = await this.servers.create(user, toNewServer(body));
    await this.listings.refresh(server);
    return this.get(user, server.id);
  }

  async list(user: Principal, query: PageQuery): Promise<Page<McpServerDto>> {
    return toPage(await this.servers.list(user, query), query.limit, toServer);
  }

  async get(user: Principal, id: string): Promise<McpServerDto> {
    return toServer(await this.found(user, id));
  }

  async refresh(user: Principal, id: string): Promise<McpServerDto> {
    await this.listings.refresh(await this.found(user, id));
    return this.get(user, id);
  }

  async delete(user: Principal, id: string): Promise<void> {
    if (!(await this.servers.delete(user, id))) throw mcpServerNotFound();
  }

  private async found({ workspaceId }: Principal, id: string): Promise<StoredMcpServer> {
    const row = await this.servers.find(workspaceId, id);
    if (!row) throw mcpServerNotFound();
    return row;
  }
}
