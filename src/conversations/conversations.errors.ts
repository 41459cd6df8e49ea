import { DomainError } from '../platform/common/errors/domain.error';

export const conversationNotFound = () =>
  new DomainError('not_found', 'conversation_not_found', 'There is no conversation with this id.');

/** Also of a question: only answers are streamed and cancelled. */
export const messageNotFound = () =>
  new DomainError('not_found', 'message_not_found', 'There is no answer with this id in this conversation.');

export const turnInProgress = () =>
  new DomainError('conflict', 'turn_in_progress', 'An answer is still being written in this conversation.', {
    shouldRetry: false,
  });
