import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';

export const PATH_WORKSPACE = 'parley:path-workspace';

/**
 * The path parameter `param` names the workspace the request acts in, in place of `X-Workspace-Id`: the principal, its
 * role and so `@Requires` are those of that workspace, and whoever isn't in it gets `404 workspace_not_found`.
 */
export const PathWorkspace = (param: string): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(PATH_WORKSPACE, param), ApiParam({ name: param, format: 'uuid' }));
