import { request } from 'node:http';

/** Opens a stream for each of `urls` at once and counts the chunks that come. `ending` is in the last of each. */
export async function openStreams({ urls, key, question, ending }) {
  const body = JSON.stringify(question);
  let chunks = 0;
  let failed = 0;
  const one = (url) =>
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
          chunks += text.split(':" word"').length - 1;
          last = (last + text).slice(-4096);
        });
        res.on('end', () => {
          if (!last.includes(ending)) failed++;
          done();
        });
      });
      req.on('error', () => {
        failed++;
        done();
      });
      req.end(body);
    });
  await Promise.all(urls.map(one));
  return { chunks, failed };
}
