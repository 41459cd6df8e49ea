import { type TestParley } from './parley';
import { Replicas } from './replicas';
import { type TestUser } from './user';

export const REPLAY = 'x-parley-idempotent-replay';

/** Two replicas, someone who asks them with an `Idempotency-Key`, and what became of it. */
export class Keyed {
  private constructor(
    readonly replicas: Replicas,
    readonly near: TestParley,
    readonly far: TestParley,
    readonly alice: TestUser,
  ) {}

  static async begin(): Promise<Keyed> {
    const replicas = await Replicas.begin();
    const [near, far] = await Promise.all([replicas.start(), replicas.start()]);
    return new Keyed(replicas, near, far, await near.user());
  }

  end(): Promise<void> {
    return this.replicas.end();
  }

  /** How often the provider was asked. */
  asked = () => this.replicas.openai.requests.length;

  chat = (who: TestUser, key: string, body: object) =>
    who.post('/v1/chat', body, { headers: { 'idempotency-key': key } });

  /** Everything that is said, as text. */
  async raw(who: TestUser, path: string, body: object, key: string) {
    const response = await who.send('POST', path, body, { 'idempotency-key': key });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** The status of the stored answer, or what there is instead. */
  async kept(key: string): Promise<number | 'free' | 'in progress'> {
    const [row] = await this.replicas.database.query<{ status: number | null }>(
      'SELECT status FROM idempotency_keys WHERE key = $1',
      [key],
    );
    return row ? (row.status ?? 'in progress') : 'free';
  }
}
