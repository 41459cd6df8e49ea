/**
 * A provider with faults, on the wire of Chat Completions. Prints its port. The model's name says what it plays:
 * `w-N-MS` N words, MS ms apart; `w-N-MS-cut-K`, `-end-K`, `-hang-K` the same until after word K the connection breaks,
 * the stream ends without its end, nothing more comes; `s-500`, `s-429` that status; `hang` nothing ever.
 * `GET /seen`: the request ids it was asked under, and how many requests are open.
 */
import { createServer } from 'node:http';

const chunk = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const usage = (count) => ({ prompt_tokens: 10, completion_tokens: count, total_tokens: 10 + count });
const ending = (count) =>
  `${chunk({}, 'stop')}data: ${JSON.stringify({ choices: [], usage: usage(count) })}\n\ndata: [DONE]\n\n`;

const seen = new Set();
let open = 0;

function say(res, count, gapMs, fault, after) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  let said = 0;
  const timer = setInterval(() => {
    if (fault && said === after) {
      clearInterval(timer);
      if (fault === 'cut') res.destroy();
      if (fault === 'end') res.end();
    } else if (said < count) {
      res.write(chunk({ content: `${said === 0 ? '' : ' '}w${++said}` }));
    } else {
      clearInterval(timer);
      res.end(ending(count));
    }
  }, gapMs);
  res.on('close', () => clearInterval(timer));
}

function play(res, model) {
  const [, status] = /^s-(\d+)$/.exec(model) ?? [];
  if (status) {
    res.writeHead(Number(status), { 'content-type': 'application/json', 'retry-after': '7' });
    res.end(JSON.stringify({ error: { message: 'no', type: 'server_error', code: null } }));
    return;
  }
  const [, count, gapMs, fault, after] = /^w-(\d+)-(\d+)(?:-(cut|end|hang)-(\d+))?$/.exec(model) ?? [];
  if (count) say(res, Number(count), Number(gapMs), fault, Number(after));
}

createServer((req, res) => {
  if (req.url === '/seen') {
    res.end(JSON.stringify({ ids: [...seen], open }));
    return;
  }
  open++;
  res.on('close', () => open--);
  const body = [];
  req.on('data', (part) => body.push(part));
  req.on('end', () => {
    if (req.method !== 'POST') {
      res.end('{"data":[]}');
      return;
    }
    seen.add(req.headers['x-request-id']);
    play(res, JSON.parse(Buffer.concat(body).toString()).model);
  });
})
  .on('connection', (socket) => socket.on('error', () => undefined))
  .listen(0, '127.0.0.1', function () {
    this.keepAliveTimeout = 120_000;
    console.log(`port ${this.address().port}`);
  });
