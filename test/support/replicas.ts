import { freshDatabase, type TestDatabase } from './database';
import { type ParleyOptions, startParley, type TestParley } from './parley';
import { startUpstream, type Upstream } from './upstreams/upstream';
import { type TestUser } from './user';

const JWT_SECRET = 'the same secret for all of the processes';

/** Processes on one database, with one provider behind them. */
export class Replicas {
  private readonly running: TestParley[] = [];

  private constructor(
    readonly openai: Upstream,
    readonly database: TestDatabase,
  ) {}

  static async begin(): Promise<Replicas> {
    return new Replicas(await startUpstream('openai'), await freshDatabase());
  }

  async start({ env, yaml = '' }: Omit<ParleyOptions, 'database'> = {}): Promise<TestParley> {
    const own = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: this.openai.url, JWT_SECRET };
    const parley = await startParley({ database: this.database, env: { ...own, ...env }, yaml });
    this.running.push(parley);
    return parley;
  }

  async end(): Promise<void> {
    for (const parley of this.running) await parley.kill9();
    await this.openai.close();
    await this.database.drop();
  }
}

/** The same person at another process. */
export const moved = (user: TestUser, to: TestParley): TestUser => to.anonymous().with(user.headers);
