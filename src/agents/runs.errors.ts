import { DomainError } from '../platform/common/errors/domain.error';

/** Also for runs of others. */
export const runNotFound = () =>
  new DomainError('not_found', 'run_not_found', 'There is no run with this id among yours.');

export const runNotWaiting = (status: string) =>
  new DomainError('conflict', 'run_not_waiting', `The run waits for no decision: it is '${status}'.`);

export const toolCallNotWaiting = (callId: string) =>
  new DomainError('conflict', 'tool_call_not_waiting', `The run has no call '${callId}' that waits for a decision.`, {
    param: 'call_id',
  });
