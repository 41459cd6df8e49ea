import { type FinishReason, type ModelEvent } from '../../providers.types';
import { UpstreamError, upstreamTruncated } from '../../providers.errors';
import {
  type BlockReader,
  JsonBlock,
  OpaqueBlock,
  RedactedBlock,
  TextBlock,
  ThinkingBlock,
  ToolBlock,
  toPieces,
} from './anthropic.blocks';
import { errorTold } from './anthropic.errors';
import { laterUsage, toTokenUsage } from './anthropic.usage';
import { isObject, stringOf, type WireBlock, type WireEnding, type WireEvent, type WireUsage } from './anthropic.wire';

/** A compaction or a paused turn ends an answer like any other; reasons not known here count as a normal end. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** What a reader needs to know of the call. */
export interface AnswerContext {
  provider: string;
  apiKey: string | null;
  /** The tool whose arguments are the text of the answer. */
  jsonTool: string | null;
  /** The provider's id of the request, from its headers. */
  requestId: string | null;
}

/**
 * Reads the events of one stream of the Messages API. Events and blocks it doesn't know are no mistake.
 * Source: https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class AnswerReader {
  /** The terminal event has come. */
  complete = false;
  private started = false;
  private readonly blocks = new Map<number, BlockReader>();
  private usage: WireUsage | null = null;
  private ending: WireEnding = {};
  private calls = 0;
  private hasText = false;
  private hasJson = false;

  constructor(private readonly context: AnswerContext) {}

  /**
   * @param data the payload of one event.
   * @throws UpstreamError for an error the provider tells, and (`server`) for nonsense.
   */
  read(data: string): ModelEvent[] {
    return this.take(this.parse(data));
  }

  /** @throws UpstreamError as `read` does. */
  take(event: WireEvent): ModelEvent[] {
    if (this.complete) return [];
    switch (event.type) {
      case 'content_block_delta':
        return this.told(this.block(event).delta(event.delta ?? {}));
      case 'content_block_start':
        return this.startBlock(event.index ?? 0, event.content_block ?? {});
      case 'content_block_stop':
        return this.told(this.stopBlock(event));
      case 'message_start':
        return this.start(event);
      case 'message_delta':
        this.ending = { ...this.ending, ...event.delta };
        this.usage = laterUsage(this.usage, event.usage);
        return [];
      case 'message_stop':
        return this.finish();
      case 'error':
        throw errorTold(this.context, null, event.error);
      default:
        return [];
    }
  }

  /** To be asked when nothing more comes. A stop reason without the terminal event is no end either. */
  assertComplete(): void {
    if (!this.complete) throw upstreamTruncated(this.context.provider);
  }

  private start({ message }: WireEvent): ModelEvent[] {
    if (this.started) return [];
    this.started = true;
    this.usage = laterUsage(null, message?.usage);
    const providerRequestId = this.context.requestId ?? stringOf(message?.id);
    const model = stringOf(message?.model);
    return [{ type: 'start', ...(providerRequestId && { providerRequestId }), ...(model && { model }) }];
  }

  private startBlock(index: number, block: WireBlock): ModelEvent[] {
    if (!this.started) throw this.nonsense('content before its message');
    const { start, deltas } = toPieces(block);
    const { reader, first } = this.readerOf(start);
    this.blocks.set(index, reader);
    // A stream starts its blocks empty; a whole body has all of a block here.
    const events = deltas.flatMap((delta) => this.told(reader.delta(delta)));
    return first ? [first, ...events] : events;
  }

  private readerOf(block: WireBlock): { reader: BlockReader; first?: ModelEvent } {
    switch (block.type) {
      case 'text':
        return { reader: new TextBlock() };
      case 'thinking':
        return { reader: new ThinkingBlock() };
      case 'redacted_thinking':
        return { reader: new RedactedBlock(block) };
      case 'tool_use': {
        const [id, name] = [stringOf(block['id']), stringOf(block['name'])];
        if (!name) throw this.nonsense('a tool call without a name');
        if (name === this.context.jsonTool) {
          this.hasJson = true;
          return { reader: new JsonBlock(block['input']) };
        }
        const index = this.calls++;
        const first: ModelEvent = { type: 'tool_call', index, id, name, argumentsDelta: '' };
        return { reader: new ToolBlock(index, block['input']), first };
      }
      default:
        return { reader: new OpaqueBlock(block) };
    }
  }

  private block({ index }: WireEvent): BlockReader {
    const block = this.blocks.get(index ?? 0);
    if (!block) throw this.nonsense('a piece of no block');
    return block;
  }

  private stopBlock(event: WireEvent): ModelEvent | null {
    const block = this.block(event);
    this.blocks.delete(event.index ?? 0);
    try {
      return block.stop();
    } catch (error) {
      throw error instanceof SyntaxError ? this.nonsense('malformed input of a tool', error) : error;
    }
  }

  private told(event: ModelEvent | null): ModelEvent[] {
    if (!event) return [];
    if (event.type === 'text') this.hasText = true;
    return [event];
  }

  private finish(): ModelEvent[] {
    if (!this.started) throw this.nonsense('an end without a message');
    this.complete = true;
    const told = REASONS[stringOf(this.ending.stop_reason)] ?? 'stop';
    const reason = told === 'tool_calls' && this.hasJson && this.calls === 0 ? 'stop' : told;
    const events: ModelEvent[] = [];
    const explanation = stringOf(this.ending.stop_details?.explanation);
    if (reason === 'content_filter' && !this.hasText && explanation)
      events.push({ type: 'refusal', delta: explanation });
    events.push({ type: 'finish', reason, usage: this.usage && toTokenUsage(this.usage) });
    return events;
  }

  /** @throws UpstreamError when it is no JSON object. */
  parse(data: string): WireEvent {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch (cause) {
      throw this.nonsense('malformed JSON', cause);
    }
    if (!isObject(event)) throw this.nonsense('no object');
    return event;
  }

  private nonsense(what: string, cause?: unknown): UpstreamError {
    const { provider } = this.context;
    return new UpstreamError(provider, 'server', `${provider} sent an answer that can't be read (${what}).`, { cause });
  }
}
