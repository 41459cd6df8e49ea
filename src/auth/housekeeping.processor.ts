import { Processor, WorkerHost } from '@nestjs/bullmq';
import { AUTH_HOUSEKEEPING } from '../platform/queue/queues';
import { InvitationsRepository } from './invitations.repository';
import { PasswordsRepository } from './passwords.repository';
import { SessionsRepository } from './sessions.repository';

/** Rows one statement deletes: no table is locked for long, however many there are. */
const BATCH = 1_000;

/** Rows deleted, by table. It is what the finished job shows. */
interface Swept {
  sessions: number;
  refresh_tokens: number;
  password_resets: number;
  invitations: number;
}

/** Deletes sessions, tokens and invitations that nobody can use any more, of people who don't come back. */
@Processor(AUTH_HOUSEKEEPING)
export class HousekeepingProcessor extends WorkerHost {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly passwords: PasswordsRepository,
    private readonly invitations: InvitationsRepository,
  ) {
    super();
  }

  async process(): Promise<Swept> {
    return {
      sessions: await all((most) => this.sessions.deleteExpired(most)),
      refresh_tokens: await all((most) => this.sessions.deleteExpiredTokens(most)),
      password_resets: await all((most) => this.passwords.deleteExpiredResets(most)),
      invitations: await all((most) => this.invitations.deleteExpired(most)),
    };
  }
}

async function all(deleteSome: (most: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await deleteSome(BATCH);
    total += deleted;
    if (deleted < BATCH) return total;
  }
}
