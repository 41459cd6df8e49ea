import { request } from 'node:http';
import { createInterface } from 'node:readline';

/** Sends one request on a connection of its own. Resolves with the answer once its head is there; rejects when it is cut before. */
function send(method, url, key, { body, headers = {} } = {}) {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const more = payload ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {};
  return new Promise((resolve, reject) => {
    const options = { method, agent: false, headers: { authorization: `Bearer ${key}`, ...more, ...headers } };
    request(url, options).on('response', resolve).on('error', reject).end(payload);
  });
}

async function textOf(res) {
  let text = '';
  for await (const part of res.setEncoding('utf8')) text += part;
  return text;
}

export async function call(method, url, key, body) {
  const res = await send(method, url, key, { body });
  const text = await textOf(res);
  if (res.statusCode >= 300) throw new Error(`${method} ${url}: ${res.statusCode} ${text}`);
  return JSON.parse(text);
}

/**
 * Reads a stream. `hear` is told each event and returns false to leave. Resolves with the HTTP status, and the code of a
 * plain error, when the stream is over in whichever way.
 */
export async function listen(method, url, key, options, hear) {
  const res = await send(method, url, key, options);
  if (!String(res.headers['content-type']).startsWith('text/event-stream')) {
    const text = await textOf(res);
    return { status: res.statusCode, code: text ? JSON.parse(text).error.code : null };
  }
  let event = {};
  try {
    for await (const line of createInterface({ input: res, crlfDelay: Infinity })) {
      if (line.startsWith('id: ')) event.id = Number(line.slice(4));
      else if (line.startsWith('data: ')) event.data = line === 'data: [DONE]' ? 'done' : JSON.parse(line.slice(6));
      else if (line === '' && event.data) {
        if (hear(event) === false) break;
        event = {};
      }
    }
  } catch (error) {
    if (error.code !== 'ECONNRESET') throw error;
  } finally {
    res.destroy();
  }
  return { status: res.statusCode, code: null };
}
