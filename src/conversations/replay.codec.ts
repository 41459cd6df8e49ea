import {
  ANSWERED,
  CALLED,
  CITED,
  citationFrame,
  deltaFrame,
  endFrame,
  errorFrame,
  NOBODY_YET,
  parseFrame,
  startFrame,
  toNativeUsage,
  type ToldResult,
  toolCallFrame,
} from '../chat/native.codec';
import { type CitationDto } from '../chat/native.types';
import { toCallPart } from '../chat/steps.codec';
import { isSpoken, Voice } from '../chat/voice.codec';
import { type ErrorBody } from '../platform/common/errors/problem';
import { NO_USAGE, type Part } from '../providers/providers.types';
import { toMessage } from './conversations.codec';
import { type StoredMessage } from './message.entity';

/**
 * The frames of a stored answer's stream after event `after`, the very same ones that were told live. Of a running
 * answer those stored so far; of one that has ended always the last, whatever `after` is.
 * @param requestId for an error that does not know its own
 */
export function replay(message: StoredMessage, after: number, requestId: string): string[] {
  const lengths = eventLengths(message);
  const ended = message.status !== 'running';
  const frames = after < 1 && lengths.length > 0 ? [start(message, lengths[0] === NOBODY_YET)] : [];
  const voice = new Voice(message.parts);
  let cited = 0;
  for (let seq = 2; seq <= lengths.length; seq++) {
    const length = lengths[seq - 1] ?? 0;
    if (length === CITED) {
      const citation = message.citations[cited++];
      if (citation && seq > after) frames.push(citationFrame(seq, citation));
      continue;
    }
    if (length === CALLED || length === ANSWERED) {
      const frame = length === CALLED ? voice.call(seq) : voice.answer(seq);
      if (frame && seq > after) frames.push(frame);
      continue;
    }
    const said = voice.say(length);
    // Perhaps half of a character, which can't be stored: told when the other half has come.
    if (!ended && seq === lengths.length && said.text.endsWith('\uFFFD')) break;
    if (seq > after) frames.push(deltaFrame(seq, said.type, said.text));
  }
  if (!ended) return frames;
  const calls = callsOf(message);
  for (const [i, call] of calls.entries()) {
    const seq = lengths.length + 1 + i;
    if (seq > after) frames.push(toolCallFrame(seq, call));
  }
  const last = lengths.length + calls.length + 1;
  frames.push(hasEnded(message) ? end(last, message) : errorFrame(last, errorOf(message, requestId)));
  return frames;
}

/** How many events the stream of an ended answer has. */
export const eventCount = (message: StoredMessage): number =>
  eventLengths(message).length + callsOf(message).length + 1;

/** An answer as far as it is stored. */
export type Said = Pick<StoredMessage, 'provider' | 'model' | 'parts' | 'citations'> & { eventLengths: number[] };

/** What is stored, and the frames that follow it in a log, up to the first that tells nothing to be stored. */
export function withTail(stored: Said, frames: readonly string[]): Said {
  const said: Said = structuredClone(stored);
  for (const frame of frames) {
    const told = parseFrame(frame);
    if (told.type === 'message.start') {
      ({ provider: said.provider, model: said.model } = told);
      said.eventLengths.push(told.provider === null ? NOBODY_YET : 0);
    } else if (told.type === 'message.delta' || told.type === 'reasoning.delta') {
      const type = told.type === 'message.delta' ? 'text' : 'reasoning';
      const last = said.parts.at(-1);
      if (last?.type === type && !('opaque' in last)) last.text += told.text;
      else said.parts.push({ type, text: told.text });
      said.eventLengths.push(told.text.length);
    } else if (told.type === 'citation') {
      said.citations.push(toCitation(told));
      said.eventLengths.push(CITED);
    } else if (told.type === 'tool.call' && told.server) {
      said.parts.push(toCallPart(told));
      said.eventLengths.push(CALLED);
    } else if (told.type === 'tool.result') {
      said.parts.push(toPart(told));
      said.eventLengths.push(ANSWERED);
    } else break;
  }
  return said;
}

/** Without the type of its frame. */
const toCitation = (told: CitationDto): CitationDto => {
  const { number, chunk_id, document_id, title, page, start, end, quote, url } = told;
  return { number, chunk_id, document_id, title, page, start, end, quote, url };
};

const toPart = ({ id, content, is_error, truncated, duration_ms, cost_usd }: ToldResult): Part => ({
  type: 'tool_result',
  toolCallId: id,
  content,
  ...(is_error ? { isError: true } : {}),
  execution: { truncated, durationMs: duration_ms, costUsd: cost_usd },
});

/** An answer that has ended began. Of an old one each part was an event. */
function eventLengths({ eventLengths, parts, status }: StoredMessage): readonly number[] {
  if (eventLengths === null) return [0, ...parts.filter(isSpoken).map(({ text }) => text.length)];
  return eventLengths.length === 0 && status !== 'running' ? [NOBODY_YET] : eventLengths;
}

/** Whether it has ended as its user wanted it to, or let it. */
const hasEnded = ({ status }: StoredMessage) => status === 'complete' || status === 'cancelled';

/** Those of an answer cut short may be cut short themselves: they are not told. */
const callsOf = ({ status, parts }: StoredMessage) =>
  status === 'complete' ? parts.filter((part) => part.type === 'tool_call').filter(({ server }) => !server) : [];

const start = ({ id, conversationId, provider, model }: StoredMessage, nobodyYet: boolean) =>
  startFrame(1, { message_id: id, conversation_id: conversationId }, nobodyYet ? NOBODY : { provider, model });
const NOBODY = { provider: null, model: null };

function end(seq: number, message: StoredMessage): string {
  const told = toMessage(message);
  const { provider, model, finishReason, usage, unpriced } = message;
  return endFrame(seq, {
    provider,
    model,
    finish_reason: finishReason ?? 'cancelled',
    usage: toNativeUsage(usage ?? NO_USAGE),
    cost_usd: told.cost_usd,
    unpriced,
    ...(message.stopReason ? { stop_reason: message.stopReason } : {}),
    ...(message.notReady ? { not_ready: message.notReady } : {}),
    message: told,
  });
}

const errorOf = ({ error }: StoredMessage, requestId: string): ErrorBody => ({
  type: 'server_error',
  code: 'internal_error',
  message: '',
  param: null,
  request_id: requestId,
  details: [],
  ...error,
});
