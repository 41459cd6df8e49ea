import { Inject, Injectable, Logger } from '@nestjs/common';
import { FlatCallsService } from '../calls/flat-calls.service';
import { authorize } from '../platform/common/auth/authorize';
import { type Principal } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { validationFailed } from '../platform/common/errors/validation';
import { logFailure } from '../platform/common/errors/exception.filter';
import { parseUsd, type PicoUsd, sumOf } from '../platform/common/money';
import { Config } from '../platform/config/config.service';
import { parseArguments } from './arguments';
import { toContent } from './output';
import { toTool } from './tools.codec';
import { type ToolListDto } from './tools.dto';
import { ToolError } from './tools.errors';
import { type Tool, type ToolContext, type ToolExecution, type ToolResult, type ToolSource } from './tools.types';
import { Toolset } from './toolset';

export type { Toolset } from './toolset';

/** All sources of tools, in the order in which a name that two of them have is given. */
export const TOOL_SOURCES = Symbol('ToolSources');

/** Told to the model when it is not its fault. */
const OURS = 'The tool failed because of an error on this server.';
/** No room in a budget ends the turn or run: the model can't mend it. */
const ENDS = ['budget_exceeded', 'model_unpriced'];

type Charged = Pick<ToolResult, 'cost'>;

/** Finds tools, and executes them. */
@Injectable()
export class ToolsService {
  private readonly logger = new Logger(ToolsService.name);
  /** Of a loop of model and tools, where a request says nothing else. */
  readonly limits: { maxSteps: number; maxDurationMs: number; maxCost: null };
  private readonly settings: Config['yaml']['tools'];

  constructor(
    { yaml }: Config,
    private readonly flatCalls: FlatCallsService,
    @Inject(TOOL_SOURCES) private readonly sources: readonly ToolSource[],
  ) {
    this.settings = yaml.tools;
    const { max_steps, max_duration } = yaml.tools;
    this.limits = { maxSteps: max_steps, maxDurationMs: max_duration, maxCost: null };
  }

  /** All that the caller's workspace has, by name. */
  async all(principal: Principal): Promise<Toolset> {
    const found = (await Promise.all(this.sources.map((source) => source.tools(principal)))).flat();
    const byName = new Map<string, Tool>();
    for (const tool of found) if (!byName.has(tool.name)) byName.set(tool.name, this.priced(tool));
    return new Toolset([...byName.values()]);
  }

  async list(principal: Principal): Promise<ToolListDto> {
    const { tools } = await this.all(principal);
    return { object: 'list', data: tools.map(toTool) };
  }

  /**
   * Those of the names, which may have a `*`. Throws `insufficient_scope`, `tool_not_found`.
   * @param param where the names stood in the request
   */
  async select(principal: Principal, names: readonly string[], param: string): Promise<Toolset> {
    if (names.length === 0) return Toolset.NONE;
    authorize(principal, 'tools:use');
    return (await this.all(principal)).select(names, param);
  }

  /** Those of the names that are there. Throws `insufficient_scope`. */
  async matching(principal: Principal, names: readonly string[]): Promise<Toolset> {
    if (names.length === 0) return Toolset.NONE;
    authorize(principal, 'tools:use');
    return (await this.all(principal)).matching(names);
  }

  /** Throws `validation_failed` for arguments that are not what the tool takes. @param text JSON */
  checkArguments(tool: Tool, text: string): void {
    try {
      parseArguments(text, tool.parameters);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      throw validationFailed([{ field: 'arguments', message: error.message }]);
    }
  }

  /**
   * Executes a call as the model wrote it. What goes wrong is told to the model as the result; thrown are only
   * `budget_exceeded` and `model_unpriced`, before anything is done, and the reason of `signal` when it is aborted.
   * @param argumentsText JSON
   */
  async execute(tool: Tool, argumentsText: string, context: ToolContext, signal: AbortSignal): Promise<ToolResult> {
    signal.throwIfAborted();
    const began = performance.now();
    const charged: Charged = { cost: 0n };
    const spent = (cost: PicoUsd | null) => {
      charged.cost = sumOf(charged.cost, cost);
    };
    try {
      const input = parseArguments(argumentsText, tool.parameters);
      if (tool.permission) authorize(context.principal, tool.permission);
      const output = await this.paid(tool, context, spent, () => within(tool, input, { ...context, spent }, signal));
      return { ...toContent(output, this.settings.max_output), isError: false, ...charged, durationMs: since(began) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof DomainError && ENDS.includes(error.code)) throw error;
      const told = { ...toContent(this.explain(tool, error), this.settings.max_output), isError: true };
      return { ...told, ...charged, durationMs: since(began) };
    }
  }

  private priced(tool: Tool): Tool {
    const price = Object.hasOwn(this.settings.prices, tool.name) ? this.settings.prices[tool.name] : undefined;
    return price === undefined ? tool : { ...tool, price: parseUsd(price) };
  }

  /** Who failed is not paid. */
  private async paid<T>(
    tool: Tool,
    context: ToolContext,
    spent: ToolExecution['spent'],
    call: () => Promise<T>,
  ): Promise<T> {
    if (tool.price === 0n) return call();
    const { principal, requestId } = context;
    const order = {
      principal,
      requestId,
      kind: 'tools',
      provider: 'tools',
      model: tool.name,
      cost: tool.price,
    } as const;
    const output = await this.flatCalls.run(order, call);
    spent(tool.price);
    return output;
  }

  private explain(tool: Tool, error: unknown): string {
    if (error instanceof ToolError || error instanceof DomainError) return error.message;
    logFailure(this.logger, new Error(`the tool ${tool.name} failed`, { cause: error }));
    return OURS;
  }
}

/** Nobody waits for a tool that does not heed its signal. */
async function within(tool: Tool, input: unknown, context: ToolExecution, signal: AbortSignal): Promise<unknown> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(tool)), tool.timeoutMs);
  const ended = AbortSignal.any([signal, late.signal]);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(ended.reason as Error);
  ended.addEventListener('abort', abort);
  try {
    return await Promise.race([tool.execute(input, context, ended), aborted.promise]);
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error; // whatever it made of being aborted
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', abort);
  }
}

function tooLate({ timeoutMs, sideEffects }: Tool): ToolError {
  const unknown = sideEffects === 'writes' ? ' Whether it has done something is not known.' : '';
  return new ToolError(`The tool did not answer within ${timeoutMs / 1000} s.${unknown}`);
}

const since = (began: number) => Math.round(performance.now() - began);
