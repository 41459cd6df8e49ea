import { Processor, WorkerHost } from '@nestjs/bullmq';
import { inBatches } from '../platform/database/in-batches';
import { AUTH_HOUSEKEEPING } from '../platform/queue/queues';
import { InvitationsRepository } from './invitations.repository';
import { PasswordsRepository } from './passwords.repository';
import { SessionsRepository } from './sessions.repository';

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
      sessions: await inBatches(BATCH, (most) => this.sessions.deleteExpired(most)),
      refresh_tokens: await inBatches(BATCH, (most) => this.sessions.deleteExpiredTokens(most)),
      password_resets: await inBatches(BATCH, (most) => this.passwords.deleteExpiredResets(most)),
      invitations: await inBatches(BATCH, (most) => this.invitations.deleteExpired(most)),
    };
  }
}
