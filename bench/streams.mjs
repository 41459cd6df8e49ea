import { request } from 'node:http';

/** Opens `count` streams at once and counts the chunks that come. */
export async function openStreams({ url, key, model, messages, count }) {
  const body = JSON.stringify({ model, messages, stream: true });
  let chunks = 0;
  let failed = 0;
  const one = () =>
    new Promise((done) => {
      const req = request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          'content-length': Buffer.byteLength(body),
        },
      });
      req.on('response', (res) => {
        let last = '';
        res.on('data', (bytes) => {
          const text = String(bytes);
          chunks += text.split('"content":" word"').length - 1;
          last = text;
        });
        res.on('end', () => {
          if (!last.includes('[DONE]')) failed++;
          done();
        });
      });
      req.on('error', () => {
        failed++;
        done();
      });
      req.end(body);
    });
  await Promise.all(Array.from({ length: count }, one));
  return { chunks, failed };
}
