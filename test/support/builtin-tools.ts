import { randomUUID } from 'node:crypto';
import { AccessRules } from '../../src/platform/common/auth/access-rules';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type Tool, type ToolResult } from '../../src/tools/tools.types';
import { type Toolset } from '../../src/tools/toolset';
import { dist } from './dist';
import { type ServiceContext, startServices } from './service-context';

type Tools = typeof import('../../src/tools/tools.service');
const { ToolsService } = dist('tools/tools.service') as Tools;

interface As {
  principal?: Principal;
  collectionIds?: string[] | null;
}

/** The tools of the built application, executed as the tool loop does it. */
export class TestTools {
  all: Toolset;
  /** Who asks, unless told otherwise. */
  caller: Principal;

  private constructor(readonly services: ServiceContext) {}

  static async start(yaml: string): Promise<TestTools> {
    const tools = new TestTools(await startServices({}, yaml));
    tools.caller = await tools.person();
    tools.all = await tools.service.all(tools.caller);
    return tools;
  }

  get service(): InstanceType<Tools['ToolsService']> {
    return this.services.app.get(ToolsService);
  }

  /** The owner of a workspace. */
  async person(): Promise<Principal> {
    return {
      ...(await this.services.payer()),
      role: 'owner',
      instanceAdmin: false,
      scopes: null,
      rules: AccessRules.NONE,
      tier: null,
    };
  }

  /** @param input text as a model writes it, or what it should say in JSON */
  execute = (
    tool: Tool | string,
    input: unknown,
    { principal = this.caller, collectionIds = null }: As = {},
    signal = new AbortController().signal,
  ): Promise<ToolResult> =>
    this.service.execute(
      typeof tool === 'string' ? this.all.find(tool)! : tool,
      typeof input === 'string' ? input : JSON.stringify(input),
      { principal, collectionIds, requestId: randomUUID(), idempotencyKey: randomUUID() },
      signal,
    );

  /** What a call that succeeds gives. */
  told = async (...asked: Parameters<TestTools['execute']>): Promise<string> => {
    const { content, isError } = await this.execute(...asked);
    if (isError) throw new Error(content);
    return content;
  };

  /** What a call that fails says. */
  refused = async (...asked: Parameters<TestTools['execute']>): Promise<string> => {
    const { content, isError } = await this.execute(...asked);
    if (!isError) throw new Error(`not refused: ${content}`);
    return content;
  };
}
