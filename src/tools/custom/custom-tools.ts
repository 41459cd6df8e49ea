import { Injectable } from '@nestjs/common';
import { type Principal } from '../../platform/common/auth/principal';
import { parseUsd } from '../../platform/common/money';
import { Invalidations } from '../../platform/database/invalidations';
import { LookupCache } from '../../platform/database/lookup-cache';
import { ForbiddenAddress, ForbiddenUrl, OutboundService } from '../../platform/net/outbound.service';
import { ToolError } from '../tools.errors';
import { type SideEffects, type Tool, type ToolContext, type ToolSource } from '../tools.types';
import { CUSTOM_TOOLS_TOPIC, CustomToolsRepository } from './custom-tools.repository';
import { type CustomTool, type HttpOperation } from './custom-tools.types';
import { ACCEPTED_ENCODINGS } from '../../platform/net/decoded-body';
import { type HttpResult, readAnswer } from './http-answer';
import { toRequest } from './http-request';

const REMEMBERED = { max: 1_000, ttlMs: 600_000 };

/** The tools a workspace described: HTTP requests. Remembered, and forgotten at once in all processes when they change. */
@Injectable()
export class CustomTools implements ToolSource {
  private readonly cache: LookupCache<{ workspaceId: string; tools: readonly Tool[] }>;

  constructor(
    private readonly repository: CustomToolsRepository,
    private readonly outbound: OutboundService,
    invalidations: Invalidations,
  ) {
    this.cache = new LookupCache({
      ...REMEMBERED,
      ownerOf: ({ workspaceId }) => workspaceId,
      trusted: () => invalidations.connected,
      load: async (workspaceId) => {
        const found = await repository.all(workspaceId);
        const tools = found.flatMap((one) => one.operations.map((operation) => this.toTool(one, operation)));
        return { workspaceId, tools };
      },
    });
    invalidations.on(CUSTOM_TOOLS_TOPIC, (workspaceId) => this.cache.forget(workspaceId));
  }

  async tools({ workspaceId }: Principal): Promise<readonly Tool[]> {
    return (await this.cache.get(workspaceId))?.tools ?? [];
  }

  /** After a change, so that this process has forgotten before it answers. */
  forget(workspaceId: string): void {
    this.cache.forget(workspaceId);
  }

  private toTool({ id, updated_at }: CustomTool, operation: HttpOperation): Tool {
    const { name, description, parameters, timeoutMs, sideEffects, idempotencyHeader } = operation;
    return {
      name,
      description,
      origin: 'custom',
      revision: `${id} ${updated_at.getTime()}`,
      parameters,
      output: null,
      price: parseUsd(operation.priceUsd),
      timeoutMs,
      sideEffects,
      idempotent: sideEffects !== 'writes' || idempotencyHeader !== null,
      permission: null,
      execute: (input, context, signal) =>
        this.execute(id, operation, input as Record<string, unknown>, context, signal),
    };
  }

  private async execute(
    id: string,
    operation: HttpOperation,
    input: Record<string, unknown>,
    { principal, idempotencyKey }: ToolContext,
    signal: AbortSignal,
  ): Promise<HttpResult> {
    const request = toRequest(operation, input);
    const secrets = await this.repository.headersOf(principal.workspaceId, id);
    if (!secrets) throw new ToolError('This tool has been deleted.');
    const { idempotencyHeader } = operation;
    const headers = {
      'user-agent': 'Parley/1.0',
      'accept-encoding': ACCEPTED_ENCODINGS,
      ...request.headers,
      ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name.toLowerCase(), value])),
      ...(idempotencyHeader === null ? {} : { [idempotencyHeader.toLowerCase()]: idempotencyKey }),
    };
    try {
      const answer = await this.outbound.request({ ...request, headers }, signal);
      return await readAnswer(answer, Object.values(secrets));
    } catch (error) {
      if (signal.aborted || error instanceof ToolError) throw error;
      throw unreachable(error, operation.sideEffects);
    }
  }
}

/** What the model is told when there was no answer. */
function unreachable(error: unknown, sideEffects: SideEffects): unknown {
  if (error instanceof ForbiddenUrl) return new ToolError(`This address is not asked. ${error.message}`);
  if (error instanceof ForbiddenAddress)
    return new ToolError('This address is not asked: its server is not a public one.');
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const unknown = sideEffects === 'writes' ? ' Whether it has done something is not known.' : '';
  return new ToolError(`The server did not answer, or broke off${code}.${unknown}`);
}
