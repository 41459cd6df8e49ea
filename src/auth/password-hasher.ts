import { Injectable } from '@nestjs/common';
import { hash, type Options, verify } from '@node-rs/argon2';
import { newSecret } from './secrets';

/** OWASP's parameters for argon2id, the library's default: 19 MiB, two passes, one lane. About 9 ms, off the event loop. */
const PARAMETERS: Options = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

@Injectable()
export class PasswordHasher {
  /** Compared against where there is no account, so that its absence takes as long as a wrong password. */
  private readonly decoy = hash(newSecret(), PARAMETERS);

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFC'), PARAMETERS);
  }

  /** False after the same time when `stored` is null. */
  async matches(stored: string | null, password: string): Promise<boolean> {
    const equal = await verify(stored ?? (await this.decoy), password.normalize('NFC'));
    return equal && stored !== null;
  }
}
