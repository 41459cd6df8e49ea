import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { start, stopAll } from '../soak/processes.mjs';

/** Files of one upload. */
const TOGETHER = 20;
const ENDED = ['ready', 'failed', 'cancelled'];

/** The service as a client sees it: the one at `url`, else one started for this, with everything of its own. */
export async function openParley({ url, token }) {
  if (url) return new Parley(url, token, () => undefined);
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-eval-data-'));
  const entry = new URL('../../dist/main.js', import.meta.url).pathname;
  const env = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
  const { port } = await start(process.execPath, [entry], env, /^Parley listens on http:\/\/localhost:(\d+)/, dataDir);
  return signUp(`http://127.0.0.1:${port}`, 'eval', async () => {
    await stopAll();
    rmSync(dataDir, { recursive: true, force: true });
  });
}

/** As somebody new with a workspace of their own, by an API key. */
export async function signUp(url, name, close = () => undefined) {
  const nobody = new Parley(url, '', close);
  const account = { email: `${name}@example.com`, password: 'correct horse battery' };
  const { access_token } = await nobody.call('POST', '/v1/auth/register', account);
  const { key } = await new Parley(url, access_token, close).call('POST', '/v1/auth/api-keys', { name });
  return new Parley(url, key, close);
}

class Parley {
  constructor(url, token, close) {
    Object.assign(this, { url, token, close });
  }

  async collection(chunking, fields = {}) {
    const overlap = Math.floor(chunking.size / 8);
    const body = { name: 'Evaluation', chunking: { ...chunking, overlap }, ...fields };
    return (await this.call('POST', '/v1/collections', body)).id;
  }

  /** Uploads them and waits until each is ready or has failed. */
  async index(collection, documents) {
    const begin = performance.now();
    await this.upload(collection, documents);
    return this.indexed(await this.settled(collection), performance.now() - begin);
  }

  async upload(collection, documents) {
    for (let at = 0; at < documents.length; at += TOGETHER) {
      const form = new FormData();
      for (const { title, bytes } of documents.slice(at, at + TOGETHER)) form.append('files', new Blob([bytes]), title);
      await this.call('POST', `/v1/collections/${collection}/documents`, form);
    }
  }

  /** All documents, once each is ready or has failed; throws when `signal` aborts before. */
  async settled(collection, signal) {
    for (;;) {
      signal?.throwIfAborted();
      const all = await this.documents(collection);
      if (all.every(({ status }) => ENDED.includes(status))) return all;
      await wait(500);
    }
  }

  async search(collection, query, mode, k) {
    return (await this.call('POST', `/v1/collections/${collection}/search`, { query, mode, k })).data;
  }

  /** Asks `demo/extract` every question, and looks up every citation in its document. */
  async checkAnswers(collection, questions) {
    const texts = new Map();
    const told = { answers: 0, citations: 0, 'citations of the right document': 0, 'not what the document says': 0 };
    for (const { question, document } of questions) {
      const body = { question, collection_ids: [collection], model: 'demo/extract' };
      const { citations } = await this.call('POST', '/v1/rag/query', body);
      if (citations.length > 0) told.answers++;
      for (const { document_id, title, start: from, end, quote } of citations) {
        if (!texts.has(document_id)) texts.set(document_id, await this.text(document_id));
        told.citations++;
        if (title === document) told['citations of the right document']++;
        if (texts.get(document_id).slice(from, end) !== quote) told['not what the document says']++;
      }
    }
    return told;
  }

  async text(documentId) {
    const response = await this.send('GET', `/v1/documents/${documentId}/text`);
    const type = response.headers.get('content-type') ?? '';
    return type.includes('json') ? (await response.json()).text : response.text();
  }

  async documents(collection) {
    const all = [];
    for (let after = ''; ;) {
      const path = `/v1/collections/${collection}/documents?limit=100${after && `&after=${after}`}`;
      const { data, has_more, last_id } = await this.call('GET', path);
      all.push(...data);
      if (!has_more) return all;
      after = last_id;
    }
  }

  indexed(all, ms) {
    const failed = all.filter(({ status }) => status !== 'ready');
    for (const { title, error } of failed) console.error('not indexed:', title, error);
    const chunks = all.reduce((sum, one) => sum + (one.chunks ?? 0), 0);
    return `${all.length - failed.length} of ${all.length} documents, ${chunks} chunks, indexed in ${(ms / 1000).toFixed(1)} s`;
  }

  async call(method, path, body) {
    return (await this.send(method, path, body)).json();
  }

  async send(method, path, body) {
    const isForm = body instanceof FormData;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body && !isForm ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}
