import { DomainError } from '../../platform/common/errors/domain.error';

export const originNotAllowed = () =>
  new DomainError(
    'forbidden',
    'origin_not_allowed',
    'Pages of this origin may not use the MCP server: those who run the installation name them in CORS_ORIGINS.',
  );

export const methodNotAllowed = () =>
  new DomainError(
    'method',
    'method_not_allowed',
    'The MCP server has no sessions and no stream of its own: only POST.',
  );
