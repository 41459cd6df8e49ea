import { randomUUID } from 'node:crypto';
import { AccessRules } from '../../../src/platform/common/auth/access-rules';
import { type Principal } from '../../../src/platform/common/auth/principal';
import { type Tool, type ToolResult } from '../../../src/tools/tools.types';
import { dist } from '../dist';
import { type ServiceContext, startServices } from '../service-context';

type ToolsModule = typeof import('../../../src/tools/tools.service');
type ServersModule = typeof import('../../../src/tools/mcp/mcp-servers.service');
type SchemaModule = typeof import('../../../src/tools/mcp/mcp-servers.schema');

/** The services of Parley that speak to MCP servers. */
export class ClientOfServers {
  private readonly tools: InstanceType<ToolsModule['ToolsService']>;
  private readonly servers: InstanceType<ServersModule['McpServersService']>;
  private readonly schema = (dist('tools/mcp/mcp-servers.schema') as SchemaModule).mcpServerBody;

  private constructor(readonly services: ServiceContext) {
    this.tools = services.app.get((dist('tools/tools.service') as ToolsModule).ToolsService);
    this.servers = services.app.get((dist('tools/mcp/mcp-servers.service') as ServersModule).McpServersService);
  }

  static async start(yaml: string): Promise<ClientOfServers> {
    return new ClientOfServers(await startServices({}, yaml));
  }

  /** Someone new who runs the installation, in a workspace of their own. */
  async admin(): Promise<Principal> {
    const payer = await this.services.payer();
    return { ...payer, role: 'owner', instanceAdmin: true, scopes: null, rules: AccessRules.NONE, tier: null };
  }

  add = (user: Principal, body: object) =>
    this.servers.create(user, this.schema.parse({ transport: 'http', name: 'server', ...body }));
  get = (user: Principal, id: string) => this.servers.get(user, id);
  refresh = (user: Principal, id: string) => this.servers.refresh(user, id);
  delete = (user: Principal, id: string) => this.servers.delete(user, id);
  list = async (user: Principal): Promise<readonly Tool[]> => (await this.tools.all(user)).tools;
  /** Without those that Parley brings along. */
  names = async (user: Principal) =>
    (await this.list(user)).filter(({ origin }) => origin === 'mcp').map(({ name }) => name);

  async call(
    user: Principal,
    name: string,
    input: object = {},
    signal = new AbortController().signal,
  ): Promise<ToolResult> {
    const tool = (await this.list(user)).find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const context = { principal: user, requestId: randomUUID(), collectionIds: null, idempotencyKey: randomUUID() };
    return this.tools.execute(tool, JSON.stringify(input), context, signal);
  }
}
