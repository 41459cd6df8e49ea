import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** Of text-embedding-3-small. */
const DIMENSIONS = 1536;

/**
 * A provider of embeddings that takes `delayMs` for each request and keeps `asked`: `{ requestId, texts (their hashes),
 * tokens, at, answeredAt (null: who asked had gone) }`, times in milliseconds.
 * Source: https://platform.openai.com/docs/api-reference/embeddings/create
 */
export async function startUpstream(delayMs) {
  const asked = [];
  const server = createServer((req, res) => void answer(req, res));
  const answer = async (req, res) => {
    if (req.method !== 'POST') {
      res.end('{"data":[]}');
      return;
    }
    const { input, model, encoding_format } = JSON.parse(await text(req));
    const inputs = [input].flat();
    const tokens = inputs.reduce((sum, one) => sum + Math.ceil(one.length / 4), 0);
    const one = {
      requestId: req.headers['x-request-id'],
      texts: inputs.map((each) => createHash('sha256').update(each).digest('base64')),
      tokens,
      at: Date.now(),
      answeredAt: null,
    };
    asked.push(one);
    await wait(delayMs);
    if (res.destroyed) return;
    const vectors = inputs.map(vectorOf);
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector],
    }));
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } }));
    one.answeredAt = Date.now();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { asked, url: `http://127.0.0.1:${server.address().port}/v1` };
}

/** The same for the same text. */
function vectorOf(one) {
  const bytes = createHash('shake256', { outputLength: DIMENSIONS }).update(one).digest();
  return Float32Array.from(bytes, (byte) => (byte - 127.5) / 128);
}
