import { Injectable } from '@nestjs/common';
import { PasswordsRepository } from './passwords.repository';
import { hashSecret, newSecret } from './secrets';

@Injectable()
export class PasswordResetsService {
  constructor(private readonly passwords: PasswordsRepository) {}

  /** A token that sets a new password once, within an hour. It is told now and stored as a hash. */
  async issue(userId: string, by: 'user' | 'operator'): Promise<string> {
    const token = newSecret();
    await this.passwords.addReset(userId, hashSecret(token), by);
    return token;
  }
}
