import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Of text-embedding-3-small. */
const DIMENSIONS = 1536;

interface EmbeddingsBody {
  model: string;
  input: string | string[];
  encoding_format?: 'float' | 'base64';
}

/** A provider of embeddings that can be held, and made to fail. Source: https://platform.openai.com/docs/api-reference/embeddings */
export class EmbeddingsUpstream {
  /** Texts of the requests that were answered, in their order. */
  readonly answered: string[][] = [];
  /** Requests that came and have no answer yet. */
  open = 0;
  /** Every request is refused with this status while it is set. */
  failing: number | null = null;
  private held = false;
  private waiting: (() => void)[] = [];
  private left = Infinity;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<EmbeddingsUpstream> {
    const server = createServer();
    const upstream = new EmbeddingsUpstream(server);
    server.on('request', (req, res) => void upstream.answer(req, res));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** What Parley needs to know of it. */
  get env(): Record<string, string> {
    return { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: this.url };
  }

  /** Answers `more` requests, then leaves all that come without an answer. */
  hold(more = 0): void {
    this.held = true;
    this.left = more;
  }

  release(): void {
    this.held = false;
    this.left = Infinity;
    for (const go of this.waiting.splice(0)) go();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.open++;
    res.once('close', () => this.open--);
    if (!req.url?.endsWith('/embeddings')) {
      res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such route"}}');
      return;
    }
    const body = JSON.parse(await text(req)) as EmbeddingsBody;
    if (this.held && this.left-- <= 0) await new Promise<void>((go) => this.waiting.push(go));
    if (res.destroyed) return;
    if (this.failing !== null) {
      const error = { message: 'It does not work today.', type: 'server_error', param: null, code: null };
      res.writeHead(this.failing, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
      return;
    }
    const input = typeof body.input === 'string' ? [body.input] : body.input;
    this.answered.push(input);
    const data = input.map((one, index) => ({ object: 'embedding', index, embedding: encoded(vector(one), body) }));
    const tokens = input.reduce((sum, one) => sum + Math.ceil(one.length / 4), 0);
    const usage = { prompt_tokens: tokens, total_tokens: tokens };
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ object: 'list', data, model: body.model, usage }));
  }
}

const encoded = (values: Float32Array, { encoding_format }: EmbeddingsBody) =>
  encoding_format === 'base64' ? Buffer.from(values.buffer).toString('base64') : [...values];

/** The same for the same text. */
function vector(one: string): Float32Array {
  const bytes = createHash('shake256', { outputLength: DIMENSIONS }).update(one).digest();
  return Float32Array.from(bytes, (byte) => (byte - 127.5) / 128);
}
