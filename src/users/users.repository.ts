import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type UserDto } from './users.types';

const SHOWN = 'id, email, name, is_admin, created_at';

@Injectable()
export class UsersRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  async find(id: string): Promise<UserDto | null> {
    const [user] = await this.db.query<UserDto[]>(`SELECT ${SHOWN} FROM users WHERE id = $1`, [id]);
    return user ?? null;
  }

  async rename(id: string, name: string | null): Promise<UserDto | null> {
    const [[user]] = await this.db.query<[UserDto[], number]>(
      `UPDATE users SET name = $2, updated_at = now() WHERE id = $1 RETURNING ${SHOWN}`,
      [id, name],
    );
    return user ?? null;
  }
}
