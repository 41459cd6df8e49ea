/**
 * Plays recorded provider answers to the real adapters over loopback HTTP, cut into pieces at random bytes, and
 * prints what Parley makes of them. `node scripts/replay.mjs --help` says how.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';

const USAGE = `Usage: npm run replay -- FOLDER [--seed N] [--rounds N] [--pretty]

Plays every recording in FOLDER to the adapter that speaks its format, and prints one JSON object per recording:
  { file, model, text, reasoning, refusal?, tool_calls, opaque, finish_reason, usage, choices? }

Recordings
  NAME.chunks.txt   a streamed answer: one data payload per line
  NAME.json         a whole answer
The format (Anthropic Messages or OpenAI Chat Completions) is told from the payload.

Options
  --seed N      cut at the same places as an earlier run (the seed is printed on stderr)
  --rounds N    how often each is played, cut differently each time; all must agree (default 5)
  --pretty      indent the output

Exit code 1 when a recording fails, when rounds disagree, or when there is nothing to play.`;

const TIMEOUT_MS = 30_000;
const DIST = new URL('../dist/providers/', import.meta.url);
const ADAPTERS = {
  anthropic: ['adapters/anthropic/anthropic.adapter.js', 'AnthropicAdapter'],
  chat: ['adapters/openai-compatible/openai-compatible.adapter.js', 'OpenAiCompatibleAdapter'],
};

class ReplayError extends Error {}

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function recordingsIn(folder) {
  const names = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : null;
  if (!names) throw new ReplayError(`${folder} is not a folder`);
  const files = names.filter((name) => name.endsWith('.chunks.txt') || name.endsWith('.json'));
  if (files.length > 0) return files;
  const inner = names.filter((name) => statSync(join(folder, name)).isDirectory());
  const hint = inner.length > 0 ? `; it has folders, try one of: ${inner.join(', ')}` : '';
  throw new ReplayError(`no recordings (NAME.chunks.txt, NAME.json) in ${folder}${hint}`);
}

/** A recording as the bytes its provider would send. */
function load(folder, file) {
  const text = readFileSync(join(folder, file), 'utf8');
  const stream = file.endsWith('.chunks.txt');
  const payloads = stream ? text.split(/\r?\n/).filter((line) => line.trim()) : [text];
  const format = payloads.map(formatOf).find(Boolean);
  if (!format) throw new ReplayError('neither Anthropic Messages nor OpenAI Chat Completions');
  return { stream, format, bytes: Buffer.from(stream ? framed(payloads, format) : text) };
}

function parsed(payload) {
  try {
    return JSON.parse(payload) ?? {};
  } catch {
    return {}; // a broken payload is played as it is: the adapter's answer to it is the result
  }
}

function formatOf(payload) {
  const { type, object, choices } = parsed(payload);
  if (type === 'message_start' || type === 'message') return 'anthropic';
  if (Array.isArray(choices) || String(object).startsWith('chat.completion')) return 'chat';
  return null;
}

function framed(payloads, format) {
  if (format === 'chat') return [...payloads, '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
  return payloads.map((data) => `event: ${parsed(data).type}\ndata: ${data}\n\n`).join('');
}

/** Whole at first, then in few, many, or single-byte pieces. */
function pieces(bytes, round, random) {
  if (round === 0) return [bytes];
  const cuts = new Set();
  const at = () => Math.floor(random() * bytes.length);
  for (let i = [3, 40, 400][round % 3]; i > 0; i--) cuts.add(at());
  for (let i = 0, start = at(); i < 30; i++) cuts.add(start + i);
  const ends = [...cuts].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
  return [0, ...ends].map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length));
}

/** Answers whatever is asked with the answer that is set. */
async function startPlayer() {
  const player = { url: '', answer: null, close: () => undefined };
  const server = createServer(async (request, response) => {
    const { stream, parts } = player.answer;
    await once(request.resume(), 'end');
    request.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' });
    for (const part of parts) {
      response.write(part);
      await turn();
    }
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  player.url = `http://127.0.0.1:${server.address().port}`;
  player.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return player;
}

async function built(path, name) {
  try {
    return (await import(new URL(path, DIST)))[name];
  } catch (error) {
    throw new ReplayError(`no ${name} in dist/ (npm run build): ${error.message.split('\n')[0]}`);
  }
}

async function play(adapter, stream) {
  const Collector = await built('collector.codec.js', 'Collector');
  const collector = new Collector();
  const types = [];
  const request = {
    model: 'recorded',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'Play' }] }],
    maxTokens: 1024,
    stream,
    requestId: 'replay',
  };
  for await (const event of adapter.stream(request, AbortSignal.timeout(TIMEOUT_MS))) {
    collector.add(event);
    types.push(event.type);
  }
  const ends = types.filter((type) => type === 'start' || type === 'finish');
  if (types[0] !== 'start' || types.at(-1) !== 'finish' || ends.length !== 2) {
    throw new ReplayError(`events out of order: ${types[0]} … ${types.at(-1)}`);
  }
  return collector;
}

const answerOf = (collector, choice) => ({
  text: collector.text(choice),
  reasoning: collector.reasoning(choice),
  ...(collector.refusal(choice) && { refusal: collector.refusal(choice) }),
  tool_calls: collector.toolCalls(choice).map(({ id, name, arguments: args }) => ({ id, name, arguments: args })),
  opaque: collector
    .parts(choice)
    .filter(({ type }) => type === 'opaque')
    .map(({ opaque }) => opaque.data?.type ?? opaque.format),
  finish_reason: collector.finishReason(choice),
});

function resultOf(file, collector) {
  const { model, usage, count } = collector;
  return {
    file,
    ...(model && { model }),
    ...answerOf(collector, 0),
    usage: usage && {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cached_input_tokens: usage.cachedInputTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    ...(count > 1 && { choices: Array.from({ length: count }, (_, choice) => answerOf(collector, choice)) }),
  };
}

/** Ids that Parley made up, where a provider gave none, differ from round to round. */
const comparable = (result) => JSON.parse(JSON.stringify(result).replace(/call_[\da-f-]{36}/g, 'call_made_up'));

async function replay(player, folder, file, rounds, random) {
  const { stream, format, bytes } = load(folder, file);
  const Adapter = await built(...ADAPTERS[format]);
  const adapter = new Adapter({ id: format, apiKey: 'replay', baseUrl: player.url });
  try {
    let first = null;
    for (let round = 0; round < rounds; round++) {
      player.answer = { stream, parts: pieces(bytes, round, random) };
      const result = resultOf(file, await play(adapter, stream));
      first ??= result;
      if (!isDeepStrictEqual(comparable(first), comparable(result))) {
        throw new ReplayError(`round ${round + 1} disagrees with round 1: ${JSON.stringify(result)}`);
      }
    }
    return first;
  } finally {
    await adapter.close();
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      rounds: { type: 'string', default: '5' },
      pretty: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const [seed, rounds] = [Number(values.seed), Number(values.rounds)];
  const [folder, ...more] = positionals;
  if (!folder || more.length > 0) throw new ReplayError(`name one folder\n\n${USAGE}`);
  if (!Number.isSafeInteger(seed)) throw new ReplayError('--seed wants a whole number');
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new ReplayError('--rounds wants a whole number from 1');

  const files = recordingsIn(folder);
  const random = randomFrom(seed);
  const player = await startPlayer();
  let failed = 0;
  for (const file of files) {
    let result;
    try {
      result = await replay(player, folder, file, rounds, random);
    } catch (error) {
      failed++;
      result = { file, error: { code: error.code ?? error.name, message: error.message } };
    }
    console.log(JSON.stringify(result, null, values.pretty ? 2 : 0));
  }
  player.close();
  console.error(`${files.length - failed} of ${files.length} recordings agree over ${rounds} rounds (--seed ${seed})`);
  process.exitCode = failed > 0 ? 1 : 0;
}

await main().catch((error) => {
  const known = error instanceof ReplayError || String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(known ? `replay: ${error.message}` : error);
  process.exitCode = 1;
});
