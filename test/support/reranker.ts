import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A server that speaks the rerank API of Cohere and Jina, and finds longer texts more relevant. */
export class FakeReranker {
  /** What it was asked. */
  readonly asked: { headers: Record<string, unknown>; body: any }[] = [];
  /** What it answers instead: a status, or something else than results; or it never does. */
  fault: number | 'nonsense' | 'silence' | null = null;
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      this.asked.push({ headers: request.headers, body });
      if (this.fault === 'silence') return;
      response.writeHead(typeof this.fault === 'number' ? this.fault : 200, { 'content-type': 'application/json' });
      const longest = Math.max(...body.documents.map((text: string) => text.length));
      const results = body.documents
        .map((text: string, index: number) => ({ index, relevance_score: text.length / longest }))
        .sort((a: any, b: any) => b.relevance_score - a.relevance_score);
      response.end(JSON.stringify(this.fault === 'nonsense' ? { hello: 1 } : { id: 'x', results, meta: {} }));
    });
  });

  static async start(): Promise<FakeReranker> {
    const fake = new FakeReranker();
    await new Promise<void>((done) => fake.server.listen(0, '127.0.0.1', done));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/rerank`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
