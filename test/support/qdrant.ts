import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

interface Point {
  id: string;
  vector: number[];
  payload: Record<string, unknown>;
}
interface Collection {
  size: number;
  points: Map<string, Point>;
  indexed: Set<string>;
}
interface Condition {
  key: string;
  match: { value?: unknown; any?: unknown[] };
}

/** A server with as much of Qdrant's REST API as is used of it, exact search by cosine, and faults on demand. */
export class FakeQdrant {
  readonly collections = new Map<string, Collection>();
  /** What the next requests are answered instead. */
  failing = 0;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  private constructor(private readonly apiKey: string) {}

  static async start(apiKey: string): Promise<FakeQdrant> {
    const fake = new FakeQdrant(apiKey);
    await new Promise<void>((done) => fake.server.listen(0, '127.0.0.1', done));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get points(): Point[] {
    return [...this.collections.values()].flatMap(({ points }) => [...points.values()]);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const [status, result] = this.failing
      ? [this.failing, null]
      : request.headers['api-key'] !== this.apiKey
        ? [403, null]
        : this.result(request.method!, new URL(request.url!, this.url).pathname.split('/').slice(1), body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ time: 0, status: status === 200 ? 'ok' : { error: 'refused' }, result }));
  }

  private result(method: string, [, name, what, action]: string[], body: any): [number, unknown] {
    if (name === undefined) return [200, { collections: [...this.collections.keys()].map((one) => ({ name: one })) }];
    const collection = this.collections.get(name);
    if (what === 'exists') return [200, { exists: collection !== undefined }];
    if (what === undefined && method === 'PUT') {
      if (collection) return [409, null];
      this.collections.set(name, { size: body.vectors.size, points: new Map(), indexed: new Set() });
      return [200, true];
    }
    if (!collection) return [404, null];
    if (what === 'index') {
      collection.indexed.add(body.field_name);
      return [200, { operation_id: 1, status: 'completed' }];
    }
    if (what === 'points' && method === 'PUT') {
      const points = body.points as Point[];
      if (points.some(({ vector }) => vector.length !== collection.size)) return [400, null];
      for (const point of points) collection.points.set(point.id, point);
      return [200, { operation_id: 1, status: 'completed' }];
    }
    if (action === 'delete') {
      for (const id of body.points) collection.points.delete(id);
      return [200, { operation_id: 1, status: 'completed' }];
    }
    if (action === 'query') return [200, { points: search(collection, body) }];
    return [404, null];
  }
}

function search({ points }: Collection, { query, filter, limit }: any) {
  const meets = ({ payload }: Point, { key, match }: Condition) =>
    match.any ? match.any.includes(payload[key]) : match.value === payload[key];
  return [...points.values()]
    .filter((point) => filter.must.every((condition: Condition) => meets(point, condition)))
    .map((point) => ({ id: point.id, version: 1, score: cosine(query, point.vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}

function cosine(a: number[], b: number[]): number {
  const sum = (x: number[], y: number[]) => x.reduce((total, value, i) => total + value * y[i]!, 0);
  return sum(a, b) / (Math.sqrt(sum(a, a) * sum(b, b)) || 1);
}
