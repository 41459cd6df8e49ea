import { Injectable } from '@nestjs/common';
import { AccessRules, RESTRICTIONS } from '../platform/common/auth/access-rules';
import { type Role } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { currentRequest } from '../platform/common/http/request-context';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { AccountsService } from './accounts.service';
import { assertMayGive, assertMayRemove, assertMayRestrict } from './member-rules';
import { MembersRepository } from './members.repository';
import { type Member, type MemberChange, type Standing } from './members.types';

@Injectable()
export class MembersService {
  constructor(
    private readonly members: MembersRepository,
    private readonly accounts: AccountsService,
  ) {}

  async list(principal: Principal, query: PageQuery): Promise<Page<Member>> {
    return toPage(await this.members.list(principal, query), query.limit, shown);
  }

  async update(principal: Principal, userId: string, change: MemberChange): Promise<Member> {
    const { role, expires_at } = change;
    // Owners are there for good, so that a workspace never loses its last one by itself.
    const settled = role === 'owner' && expires_at === undefined ? { ...change, expires_at: null } : change;
    const member = await this.members.update(principal, userId, settled, (standing) =>
      assertMayChange(settled, standing),
    );
    this.accounts.forget(userId);
    return shown(member);
  }

  async remove(principal: Principal, userId: string): Promise<void> {
    await this.members.remove(principal, userId, assertMayRemove);
    this.accounts.forget(userId);
  }
}

function assertMayChange(change: MemberChange, standing: Standing): void {
  if (change.role !== undefined) assertMayGive(change.role, standing);
  if (change.expires_at) assertMayExpire(change.expires_at, change.role ?? standing.member);
  if (change.expires_at === undefined && RESTRICTIONS.every((name) => change[name] === undefined)) return;
  assertMayRestrict(standing);
  if (standing.self) assertNotLockedOut(change);
}

function assertMayExpire(at: Date, role: Role | null): void {
  const refused = (message: string) => validationFailed([{ field: 'expires_at', message: `expires_at ${message}` }]);
  if (role === 'owner') throw refused('is not for owners, who are there for good');
  if (at.getTime() <= Date.now()) throw refused('must lie in the future');
}

/** Whoever shut themselves out could not undo it. */
function assertNotLockedOut({ allowed_ips = null }: Pick<MemberChange, 'allowed_ips'>): void {
  const ip = currentRequest()?.ip ?? null;
  const rules = new AccessRules([{ allowed_models: null, max_tokens_per_request: null, allowed_ips }]);
  if (rules.allowsIp(ip)) return;
  throw validationFailed([{ field: 'allowed_ips', message: `allowed_ips must hold the address you call from, ${ip}` }]);
}

/** Without the row's id, which is the user's. */
const shown = (row: Member): Member => ({
  user_id: row.user_id,
  email: row.email,
  name: row.name,
  role: row.role,
  expires_at: row.expires_at,
  allowed_models: row.allowed_models,
  max_tokens_per_request: row.max_tokens_per_request,
  allowed_ips: row.allowed_ips,
  created_at: row.created_at,
});
