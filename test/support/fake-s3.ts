import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface UploadRequest {
  key: string;
  upload: string;
  part: number;
  body: Buffer;
}

/**
 * A server that speaks S3's REST for objects in one bucket: single puts, uploads in parts, gets and deletes, path style.
 * Signatures are not checked, only that there is one by the right key.
 */
export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  /** Uploads begun and neither completed nor aborted. */
  readonly uploads = new Map<string, Map<number, Buffer>>();
  /** Answers of this many requests from now on are 503. */
  failing = 0;
  url = '';
  private server: Server;

  async start(): Promise<this> {
    this.server = createServer((req, res) => {
      this.answer(req, res).catch(() => res.destroy());
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(req.url!, this.url);
    const key = decodeURIComponent(pathname.replace('/bucket/', ''));
    const body = await buffer(req);
    if (!req.headers.authorization?.includes('Credential=AKIATEST/')) {
      problem(res, 403, 'AccessDenied');
      return;
    }
    if (this.failing > 0) {
      this.failing -= 1;
      problem(res, 503, 'SlowDown');
      return;
    }
    const upload = query.get('uploadId');
    if (upload !== null) this.ofUpload(req, res, { key, upload, part: Number(query.get('partNumber')), body });
    else if (req.method === 'POST' && query.has('uploads')) this.begin(key, res);
    else if (req.method === 'PUT') {
      this.objects.set(key, body);
      res.setHeader('etag', etag(body)).end();
    } else if (req.method === 'DELETE') {
      this.objects.delete(key);
      res.writeHead(204).end();
    } else {
      const object = this.objects.get(key);
      if (object) res.setHeader('etag', etag(object)).end(object);
      else problem(res, 404, 'NoSuchKey');
    }
  }

  private ofUpload(req: IncomingMessage, res: ServerResponse, { key, upload, part, body }: UploadRequest): void {
    if (req.method === 'PUT') {
      this.uploads.get(upload)?.set(part, body);
      res.setHeader('etag', etag(body)).end();
    } else if (req.method === 'DELETE') {
      this.uploads.delete(upload);
      res.writeHead(204).end();
    } else this.complete(key, upload, res);
  }

  private begin(key: string, res: ServerResponse): void {
    const id = randomUUID();
    this.uploads.set(id, new Map());
    xml(res, 200, 'InitiateMultipartUploadResult', { Bucket: 'bucket', Key: key, UploadId: id });
  }

  private complete(key: string, id: string, res: ServerResponse): void {
    const parts = this.uploads.get(id);
    if (!parts) {
      problem(res, 404, 'NoSuchUpload');
      return;
    }
    this.uploads.delete(id);
    const object = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => part));
    this.objects.set(key, object);
    xml(res, 200, 'CompleteMultipartUploadResult', { Bucket: 'bucket', Key: key, ETag: etag(object) });
  }
}

const etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

const problem = (res: ServerResponse, status: number, code: string) =>
  xml(res, status, 'Error', { Code: code, Message: code });

function xml(res: ServerResponse, status: number, root: string, fields: Record<string, string>): void {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value.replaceAll('"', '&quot;')}</${name}>`);
  res.writeHead(status, { 'content-type': 'application/xml' });
  res.end(`<?xml version="1.0" encoding="UTF-8"?><${root}>${inner.join('')}</${root}>`);
}
