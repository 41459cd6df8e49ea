import { type ServerResponse } from 'node:http';
import { startToolServer, type ToolServer } from './tool-server';
import { type TestUser } from './user';

/** What calls of a tool did: a server that counts, and does a thing once for each idempotency key. */
export class Effects {
  /** Notes of what was done, in order. */
  readonly done: string[] = [];
  private readonly keys = new Set<string>();
  private readonly held = new Map<string, ServerResponse>();

  private constructor(private readonly server: ToolServer) {}

  /** A note that begins with `held` is not answered the first time, though it is done. */
  static async start(): Promise<Effects> {
    const effects: Effects = new Effects(
      await startToolServer(({ headers, body }, response) => {
        const { note } = JSON.parse(body) as { note: string };
        const key = headers['idempotency-key'] as string | undefined;
        if (key === undefined || !effects.keys.has(key)) effects.done.push(note);
        if (key !== undefined) effects.keys.add(key);
        if (note.startsWith('held') && !effects.held.has(note)) effects.held.set(note, response);
        else response.end(`did ${note}`);
      }),
    );
    return effects;
  }

  /** Of one note: how often it came, and under which keys. */
  asked(note: string): (string | undefined)[] {
    return this.server.asked
      .filter(({ body }) => (JSON.parse(body) as { note: string }).note === note)
      .map(({ headers }) => headers['idempotency-key'] as string | undefined);
  }

  times(note: string): number {
    return this.done.filter((one) => one === note).length;
  }

  /** Answers what was held, if anybody still listens. */
  release(note: string): void {
    this.held.get(note)?.end(`did ${note}`);
  }

  /** Gives the user's workspace the tools `keyed` and `unkeyed`, which write, and `look`, which only reads. */
  async giveTools(user: TestUser): Promise<void> {
    const tools = {
      keyed: { idempotency_header: 'Idempotency-Key' },
      unkeyed: {},
      look: { side_effects: 'reads' },
    };
    for (const [name, more] of Object.entries(tools)) {
      const { status, body } = await user.post('/v1/tools/custom', {
        name,
        description: 'Notes something.',
        method: 'POST',
        url: `${this.server.url}/${name}`,
        input_schema: { type: 'object', properties: { note: { type: 'string' } }, required: ['note'] },
        ...more,
      });
      if (status !== 201) throw new Error(`tool: ${status} ${JSON.stringify(body)}`);
    }
  }

  close = (): Promise<void> => this.server.close();
}
