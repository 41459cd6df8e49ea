import { type ErrorBodyDto } from './error.dto';

type Told = Pick<ErrorBodyDto, 'message'> & Partial<Pick<ErrorBodyDto, 'param' | 'details'>>;

const ATTEMPT = {
  provider: 'openai',
  model: 'openai/gpt-4o',
  class: 'overloaded',
  code: 'provider_overloaded',
  message: 'openai is overloaded.',
  duration_ms: 812,
};

/** What is told with the codes that tell more than themselves. The fields of their `details` are part of the contract. */
const TOLD: Record<string, Told> = {
  validation_failed: {
    message: "Unknown field 'mesage'.",
    param: 'mesage',
    details: [{ field: 'mesage', message: "Unknown field 'mesage'." }],
  },
  insufficient_role: {
    message: "This needs the permission 'members:manage', which the role 'member' does not have; 'admin' does.",
    details: [{ permission: 'members:manage', role: 'admin' }],
  },
  insufficient_scope: {
    message: "This needs the permission 'usage:read' and an API key with the scope 'usage:read'.",
    details: [{ permission: 'usage:read', scope: 'usage:read' }],
  },
  model_not_allowed: {
    message: "You may not use the model 'openai/gpt-4o'.",
    param: 'model',
    details: [{ model: 'openai/gpt-4o' }],
  },
  rate_limit_exceeded: {
    message:
      "This would exceed the 20 requests a minute that the tier 'free' allows a workspace (requests_per_minute). Try again in 7 s.",
    details: [{ limit: 'requests_per_minute', tier: 'free', max: 20 }],
  },
  budget_exceeded: {
    message:
      'The call may come to 0.040960 USD, and the month budget of the workspace has 0.010000 USD left: ask for fewer max_tokens, or send allow_truncate to take what fits. It begins anew at 2026-12-01T00:00:00.000Z.',
    details: [
      {
        budget_id: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e13',
        subject: { type: 'workspace', id: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e12' },
        period: 'month',
        limit_usd: '30.000000',
        remaining_usd: '0.010000',
        limit_tokens: null,
        remaining_tokens: null,
        resets_at: '2026-12-01T00:00:00.000Z',
        needed_usd: '0.040960',
        needed_tokens: 4200,
      },
    ],
  },
  agent_changed: {
    message: 'The agent is at version 3 by now.',
    param: 'version',
    details: [{ version: 3 }],
  },
  all_providers_failed: {
    message: 'None of the 2 models that were asked answered.',
    details: [ATTEMPT],
  },
  // One that gave up waiting tells of the attempts before.
  upstream_timeout: { message: 'openai did not answer within 30 s.', details: [ATTEMPT] },
};
const TYPES: Record<string, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  422: 'guardrail_error',
  429: 'rate_limit_error',
};

/** An error as a client gets to see it. */
export const exampleOf = (status: string, code: string): { error: ErrorBodyDto } => ({
  error: {
    type: TYPES[status] ?? (/^(provider|upstream|all_providers)/.test(code) ? 'upstream_error' : 'server_error'),
    code,
    message: code.replaceAll('_', ' '),
    param: null,
    request_id: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11',
    details: [],
    ...TOLD[code],
  },
});
