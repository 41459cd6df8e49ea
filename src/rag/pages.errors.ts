import { DomainError } from '../platform/common/errors/domain.error';

/** `why`: a sentence. */
export const urlNotAllowed = (why: string) =>
  new DomainError('invalid', 'url_not_allowed', `This address is not fetched. ${why}`, { param: 'url' });

export const pageRefused = (status: number) =>
  new DomainError('invalid', 'page_refused', `The server answered ${status} for this address.`, { param: 'url' });

export const pageUnreachable = (cause?: unknown) =>
  new DomainError('upstream', 'page_unreachable', 'The server of this address does not answer, or broke off.', {
    cause,
  });

/** `status`: of a server that may have more luck later. */
export const pageFailed = (status: number) =>
  new DomainError('upstream', 'page_unreachable', `The server answered ${status} for this address.`);

export const hostUnknown = (host: string) =>
  new DomainError('invalid', 'page_unreachable', `There is no server named ${host}.`, { param: 'url' });

export const pageTimedOut = (ms: number) =>
  new DomainError('upstream_slow', 'page_timed_out', `The page was not there after ${ms / 1000} seconds.`);

export const pageTooLarge = (bytes: number) =>
  new DomainError('too_large', 'payload_too_large', `The page has more than ${bytes / 1024 / 1024} MB.`);
