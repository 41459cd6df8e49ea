import { type FinishReason, type ModelEvent } from '../providers.types';
import { mergeDetails, reasoningText, type ReasoningDetail } from './openai-reasoning';
import { ToolCallReader } from './openai-tool-calls';
import { toFinishReason } from './openai-usage';
import { objectsOf, type WireChoice, type WireDelta, type WireFunction } from './openai-wire';

/** Which reasoning is marked as to be sent back, and by which `Opaque.format`. */
export interface Echo {
  field: 'reasoning_content' | 'reasoning_details';
  format: string;
}

type ContentEvent = Extract<ModelEvent, { choice?: number }>;

/** Reads one answer (`choices[i]`), in deltas or whole, into events. */
export class ChoiceReader {
  /** Whether any content came. */
  spoke = false;
  private wireReason: string | null = null;
  private readonly calls = new ToolCallReader();
  private reasoningOpen = false;
  private details: ReasoningDetail[] = [];

  constructor(
    private readonly index: number,
    private readonly echo: Echo | null,
  ) {}

  get finished(): boolean {
    return this.wireReason !== null;
  }

  /** Whether a tool call makes no sense. */
  get broken(): boolean {
    return this.calls.broken;
  }

  /** Tools were called or not, whatever the server calls its reason: an agent acts on it. */
  get reason(): FinishReason {
    const reason = this.wireReason === null ? 'stop' : toFinishReason(this.wireReason);
    if (reason === 'stop' || reason === 'tool_calls') return this.calls.count > 0 ? 'tool_calls' : 'stop';
    return reason;
  }

  read(choice: WireChoice, events: ModelEvent[]): void {
    const delta = choice.delta ?? choice.message;
    if (delta) this.readDelta(delta, choice.logprobs ?? null, events);
    if (typeof choice.finish_reason === 'string' && choice.finish_reason) this.wireReason = choice.finish_reason;
  }

  /** Marks the reasoning so far as one block to be sent back. */
  closeReasoning(events: ModelEvent[]): void {
    if (!this.reasoningOpen || !this.echo) return;
    this.reasoningOpen = false;
    const data = this.details.length > 0 ? this.details : null;
    this.details = [];
    this.say(events, { type: 'reasoning', delta: '', opaque: { format: this.echo.format, data } });
  }

  private readDelta(delta: WireDelta, logprobs: unknown, events: ModelEvent[]): void {
    const { content } = delta;
    const before = events.length;
    if (delta.reasoning_content || delta.reasoning || delta.reasoning_details) this.readReasoning(delta, events);
    if (typeof content === 'string') this.text(content, logprobs, events);
    else if (content) this.readParts(content, logprobs, events);
    else if (logprobs !== null) this.text('', logprobs, events);
    if (typeof delta.refusal === 'string') this.refusal(delta.refusal, events);
    if (delta.tool_calls) for (const call of objectsOf(delta.tool_calls)) this.toolCall(call, events);
    if (delta.function_call) this.toolCall({ index: 0, function: delta.function_call }, events);
    if (events.length > before) this.spoke = true;
  }

  private readReasoning(delta: WireDelta, events: ModelEvent[]): void {
    if (this.echo?.field === 'reasoning_details' && delta.reasoning_details) {
      mergeDetails(this.details, delta.reasoning_details);
      this.reasoningOpen ||= this.details.length > 0;
    }
    if (this.echo?.field === 'reasoning_content' && delta.reasoning_content) this.reasoningOpen = true;
    this.reasoning(reasoningText(delta), events);
  }

  /** Content as a list of parts: text, and Mistral's thinking. https://docs.mistral.ai/capabilities/reasoning */
  private readParts(content: unknown, logprobs: unknown, events: ModelEvent[]): void {
    let left = logprobs;
    for (const part of objectsOf(content)) {
      if (part.type === 'thinking') this.reasoning(plainText(part.thinking), events);
      else if (typeof part.refusal === 'string') this.refusal(part.refusal, events);
      else if (typeof part.text === 'string') {
        this.text(part.text, left, events);
        left = null;
      }
    }
  }

  private text(delta: string, logprobs: unknown, events: ModelEvent[]): void {
    if (delta) this.closeReasoning(events);
    if (logprobs !== null) this.say(events, { type: 'text', delta, logprobs });
    else if (delta) this.say(events, { type: 'text', delta });
  }

  private reasoning(delta: string, events: ModelEvent[]): void {
    if (delta) this.say(events, { type: 'reasoning', delta });
  }

  private refusal(delta: string, events: ModelEvent[]): void {
    if (!delta) return;
    this.closeReasoning(events);
    this.say(events, { type: 'refusal', delta });
  }

  private toolCall(call: { index?: number; id?: unknown; function?: WireFunction }, events: ModelEvent[]): void {
    const delta = this.calls.read(call);
    if (!delta) return;
    this.closeReasoning(events);
    this.say(events, { type: 'tool_call', ...delta });
  }

  /** The first answer carries no index. */
  private say(events: ModelEvent[], event: ContentEvent): void {
    if (this.index > 0) event.choice = this.index;
    events.push(event);
  }
}

const plainText = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : objectsOf(value)
        .map(({ text }) => (typeof text === 'string' ? text : ''))
        .join('');
