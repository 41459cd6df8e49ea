import { Injectable } from '@nestjs/common';
import { type Role } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { AccountsService } from './accounts.service';
import { assertMayGive, assertMayRemove } from './member-rules';
import { MembersRepository } from './members.repository';
import { type Member } from './members.types';

@Injectable()
export class MembersService {
  constructor(
    private readonly members: MembersRepository,
    private readonly accounts: AccountsService,
  ) {}

  async list(principal: Principal, query: PageQuery): Promise<Page<Member>> {
    return toPage(await this.members.list(principal, query), query.limit, shown);
  }

  async changeRole(principal: Principal, userId: string, role: Role): Promise<Member> {
    const member = await this.members.changeRole(principal, userId, role, (standing) => assertMayGive(role, standing));
    this.accounts.forget(userId);
    return shown(member);
  }

  async remove(principal: Principal, userId: string): Promise<void> {
    await this.members.remove(principal, userId, assertMayRemove);
    this.accounts.forget(userId);
  }
}

const shown = ({ user_id, email, name, role, created_at }: Member): Member => ({
  user_id,
  email,
  name,
  role,
  created_at,
});
