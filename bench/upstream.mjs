/** A provider that answers at once: the real wire of Chat Completions, no delay. Prints its port. */
import { createServer } from 'node:http';

const completion = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello there, how are you?' },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 },
});
const chunk = (delta, finish = null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'bench',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })}\n\n`;
const piece = chunk({ content: ' word' });
const ending = `${chunk({}, 'stop')}data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"bench","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":100,"total_tokens":120}}\n\ndata: [DONE]\n\n`;

/** `stream-N-MS`: N chunks, MS apart. */
createServer((req, res) => {
  const body = [];
  req.on('data', (part) => body.push(part));
  req.on('end', () => {
    const { stream, model } = JSON.parse(Buffer.concat(body).toString());
    if (!stream) {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(completion) });
      res.end(completion);
      return;
    }
    const [, count = '100', gap = '50'] = model.split('-');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const timer = setInterval(() => {
      if (sent++ < Number(count)) res.write(piece);
      else {
        clearInterval(timer);
        res.end(ending);
      }
    }, Number(gap));
    res.on('close', () => clearInterval(timer));
  });
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function () {
  console.log(`port ${this.address().port}`);
});
