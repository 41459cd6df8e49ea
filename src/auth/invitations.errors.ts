import { DomainError } from '../platform/common/errors/domain.error';

export const invitationNotFound = () =>
  new DomainError('not_found', 'invitation_not_found', 'There is no open invitation with this id in this workspace.');

export const invalidInvitation = (param: string) =>
  new DomainError('invalid', 'invalid_invitation', 'This invitation is unknown, expired, revoked or was used before.', {
    param,
  });

export const invitationForAnother = () =>
  new DomainError(
    'forbidden',
    'invitation_for_another',
    'This invitation is for another e-mail address than that of the account. Sign in with the address it was sent to.',
  );

export const alreadyMember = () =>
  new DomainError('conflict', 'already_member', 'This person is a member of the workspace.');
