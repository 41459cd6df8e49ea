import { DomainError } from '../platform/common/errors/domain.error';

/** A tool that failed in a way the model is told of: `message` is written for it. */
export class ToolError extends Error {
  override name = 'ToolError';
}

/** Also for tools of other workspaces. */
export const toolNotFound = (name: string, param: string) =>
  new DomainError('not_found', 'tool_not_found', `There is no tool '${name}'. GET /v1/tools lists those there are.`, {
    param,
  });
