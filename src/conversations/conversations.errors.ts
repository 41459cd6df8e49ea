import { DomainError } from '../platform/common/errors/domain.error';

export const conversationNotFound = () =>
  new DomainError('not_found', 'conversation_not_found', 'There is no conversation with this id.');

export const turnInProgress = () =>
  new DomainError('conflict', 'turn_in_progress', 'An answer is still being written in this conversation.', {
    shouldRetry: false,
  });
