import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { type UpdateUserDto } from './users.dto';
import { userGone } from './users.errors';
import { UsersRepository } from './users.repository';
import { type UserDto } from './users.types';

@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  async get({ userId }: Principal): Promise<UserDto> {
    const user = await this.users.find(userId);
    if (!user) throw userGone();
    return user;
  }

  async update(principal: Principal, { name }: UpdateUserDto): Promise<UserDto> {
    if (name === undefined) return this.get(principal);
    const user = await this.users.rename(principal.userId, name);
    if (!user) throw userGone();
    return user;
  }
}
