import { type ModelEvent } from '../../providers.types';
import { blocksOf } from './anthropic.blocks';
import { type AnswerReader } from './anthropic.stream';
import { type WireEvent, type WireMessage } from './anthropic.wire';

/**
 * A whole body read as the stream it would have been.
 * @throws UpstreamError as the reader does; `truncated` for a message without a stop reason.
 */
export function readMessage(reader: AnswerReader, body: string): ModelEvent[] {
  const events: ModelEvent[] = [];
  const message = reader.parse(body) as WireEvent & WireMessage;
  for (const event of toStream(message)) events.push(...reader.take(event));
  reader.assertComplete();
  return events;
}

function* toStream(message: WireEvent & WireMessage): Iterable<WireEvent> {
  if (message.type !== 'message') {
    yield message; // an error, or something that is no answer
    return;
  }
  yield { type: 'message_start', message };
  for (const [index, content_block] of blocksOf(message.content).entries()) {
    yield { type: 'content_block_start', index, content_block };
    yield { type: 'content_block_stop', index };
  }
  const { stop_reason, stop_details = null } = message;
  if (typeof stop_reason !== 'string') return;
  yield { type: 'message_delta', delta: { stop_reason, stop_details } };
  yield { type: 'message_stop' };
}
