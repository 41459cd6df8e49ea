import { type FinishReason, type ModelEvent, type TokenUsage } from '../providers.types';
import { UpstreamError, upstreamTruncated } from '../providers.errors';
import { ChoiceReader, type Echo } from './openai-choice';
import { refusal } from './openai-errors';
import { toTokenUsage } from './openai-usage';
import { isObject, type WireChoice, type WireChunk, type WireUsage } from './openai-wire';

/**
 * Reads the chunks of one stream, or one whole body, into events. Throws UpstreamError for an error told in a chunk,
 * for nonsense, and (`truncated`) for an answer that ended too early.
 */
export class ChatReader {
  private readonly choices: ChoiceReader[] = [];
  private usage: TokenUsage | null = null;
  private started = false;

  /** @param requestId the provider's own id of the request, from its headers. */
  constructor(
    private readonly provider: string,
    private readonly echo: Echo | null = null,
    private readonly requestId: string | null = null,
    private readonly apiKey: string | null = null,
  ) {}

  /** @param data one event of the stream, or the body. */
  read(data: string): ModelEvent[] {
    const chunk = this.parse(data);
    const events: ModelEvent[] = [];
    const choices = Array.isArray(chunk.choices) ? (chunk.choices as unknown[]) : [];
    if (!this.started && (choices.length > 0 || (typeof chunk.model === 'string' && chunk.model))) {
      events.push(this.start(chunk));
    }
    for (const choice of choices) if (isObject(choice)) this.readChoice(choice, events);
    const usage = chunk.usage ?? chunk.x_groq?.usage;
    if (usage) this.count(usage);
    return events;
  }

  /**
   * The last events, at the end of a stream. It was complete when every answer had its finish reason, whether or not
   * the server said `[DONE]`, which some omit; or when it said `[DONE]` and had answered.
   */
  end(done: boolean): ModelEvent[] {
    const answers = Object.values(this.choices); // without holes
    const complete = answers.length > 0 && answers.every(({ finished }) => finished);
    if (!complete && !(done && answers.some(({ spoke }) => spoke))) throw upstreamTruncated(this.provider);
    return this.finish(answers);
  }

  /** The events of a whole body. */
  readWhole(body: string): ModelEvent[] {
    const events = this.read(body);
    if (this.choices.length === 0) throw this.nonsense('no choices');
    return [...events, ...this.finish(Object.values(this.choices))];
  }

  private finish(answers: ChoiceReader[]): ModelEvent[] {
    if (answers.some(({ broken }) => broken)) throw this.nonsense('a tool call without a name');
    const events: ModelEvent[] = [];
    for (const answer of answers) answer.closeReasoning(events);
    const reasons = answers.map(({ reason }) => reason);
    const reason: FinishReason = reasons[0] ?? 'stop';
    events.push({ type: 'finish', reason, ...(reasons.length > 1 && { reasons }), usage: this.usage });
    return events;
  }

  private readChoice(choice: WireChoice, events: ModelEvent[]): void {
    if (choice.error) throw this.failure(choice.error);
    const index = choice.index ?? 0;
    if (!Number.isInteger(index) || index < 0 || index > 127) throw this.nonsense('a choice out of range');
    const reader = (this.choices[index] ??= new ChoiceReader(index, this.echo));
    reader.read(choice, events);
    if (choice.usage) this.count(choice.usage);
    const reason = choice.finish_reason;
    if (reason === 'error') throw this.failure('the answer broke off');
    if (reason === 'abort') throw upstreamTruncated(this.provider); // vLLM, SGLang
    // DeepSeek. https://api-docs.deepseek.com/api/create-chat-completion
    if (reason === 'insufficient_system_resource') throw this.failure({ code: 503 });
  }

  private count(usage: WireUsage): void {
    this.usage = toTokenUsage(usage) ?? this.usage;
  }

  private start({ id, model }: WireChunk): ModelEvent {
    this.started = true;
    const providerRequestId = this.requestId ?? (typeof id === 'string' ? id : '');
    return {
      type: 'start',
      ...(providerRequestId && { providerRequestId }),
      ...(typeof model === 'string' && model && { model }),
    };
  }

  private parse(data: string): WireChunk {
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch (cause) {
      throw this.nonsense('malformed JSON', cause);
    }
    if (!isObject(chunk)) throw this.nonsense('no object');
    if (chunk.error) throw this.failure(chunk.error);
    if (chunk.object === 'error') throw this.failure(chunk); // older vLLM
    return chunk;
  }

  private failure(told: unknown): UpstreamError {
    return refusal({ provider: this.provider, apiKey: this.apiKey }, { status: null, told });
  }

  private nonsense(what: string, cause?: unknown): UpstreamError {
    return new UpstreamError(this.provider, 'server', `${this.provider} sent an answer that can't be read (${what}).`, {
      cause,
    });
  }
}
