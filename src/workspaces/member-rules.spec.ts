import { type Role } from '../platform/common/auth/permissions';
import { assertMayGive, assertMayRemove } from './member-rules';
import { type Standing } from './members.types';

const standing = (caller: Role | null, member: Role | null, more: Partial<Standing> = {}): Standing => ({
  caller,
  member,
  self: false,
  owners: 2,
  personal: false,
  ...more,
});
const code = (name: string): Error => expect.objectContaining({ code: name });

describe('giving a role', () => {
  it('is for owners and admins', () => {
    expect(() => assertMayGive('admin', standing('admin', 'member'))).not.toThrow();
    expect(() => assertMayGive('viewer', standing('member', 'viewer'))).toThrow(code('insufficient_role'));
  });

  it('makes and unmakes owners only by owners', () => {
    expect(() => assertMayGive('owner', standing('owner', 'member'))).not.toThrow();
    expect(() => assertMayGive('owner', standing('admin', 'admin', { self: true }))).toThrow(code('insufficient_role'));
    expect(() => assertMayGive('member', standing('admin', 'owner'))).toThrow(code('insufficient_role'));
    expect(() => assertMayGive('member', standing('owner', 'owner'))).not.toThrow();
  });

  it('keeps the last owner', () => {
    expect(() => assertMayGive('admin', standing('owner', 'owner', { self: true, owners: 1 }))).toThrow(
      code('last_owner'),
    );
    expect(() => assertMayGive('owner', standing('owner', 'owner', { self: true, owners: 1 }))).not.toThrow();
  });

  it('keeps the person of a personal workspace its owner', () => {
    expect(() => assertMayGive('member', standing('owner', 'owner', { personal: true }))).toThrow(
      code('personal_workspace'),
    );
  });

  it('tells nothing to a caller who was removed meanwhile', () => {
    expect(() => assertMayGive('member', standing(null, 'owner'))).toThrow(code('workspace_not_found'));
    expect(() => assertMayGive('member', standing('owner', null))).toThrow(code('member_not_found'));
  });
});

describe('removing a member', () => {
  it('is for owners and admins, leaving for everybody', () => {
    expect(() => assertMayRemove(standing('admin', 'member'))).not.toThrow();
    expect(() => assertMayRemove(standing('member', 'viewer'))).toThrow(code('insufficient_role'));
    expect(() => assertMayRemove(standing('viewer', 'viewer', { self: true }))).not.toThrow();
  });

  it('removes owners only by owners, and never the last', () => {
    expect(() => assertMayRemove(standing('admin', 'owner'))).toThrow(code('insufficient_role'));
    expect(() => assertMayRemove(standing('owner', 'owner'))).not.toThrow();
    expect(() => assertMayRemove(standing('owner', 'owner', { self: true, owners: 1 }))).toThrow(code('last_owner'));
  });

  it('keeps the person of a personal workspace in it', () => {
    expect(() => assertMayRemove(standing('owner', 'owner', { personal: true }))).toThrow(code('personal_workspace'));
  });
});
