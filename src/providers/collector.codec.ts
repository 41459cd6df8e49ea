import { type FinishReason, type ModelEvent, type Part, type TokenUsage } from './providers.types';

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

interface Answer {
  parts: Part[];
  /** By the index the provider's adapter gave them. */
  calls: Map<number, PartOf<'tool_call'>>;
  logprobs: unknown[];
}

const NO_ANSWER: Answer = { parts: [], calls: new Map(), logprobs: [] };

/**
 * Puts the events of one call together again. Deltas of one kind that follow each other become one part; anything
 * between them starts a new one. `opaque` closes a reasoning part. May be asked at any time, also of a cut stream.
 */
export class Collector {
  model: string | null = null;
  providerRequestId: string | null = null;
  /** Null until `finish` came, and when the provider told none. */
  usage: TokenUsage | null = null;
  /** Every answer's reason, once `finish` came. */
  finishReasons: readonly FinishReason[] = [];
  private readonly answers: Answer[] = [];

  add(event: ModelEvent): void {
    switch (event.type) {
      case 'text':
        this.addText(event);
        break;
      case 'reasoning':
        this.addReasoning(event);
        break;
      case 'tool_call':
        this.addToolCall(event);
        break;
      case 'refusal':
        this.addRefusal(event);
        break;
      case 'opaque':
        this.answer(0).parts.push({ type: 'opaque', opaque: event.opaque });
        break;
      case 'start':
        this.model = event.model ?? null;
        this.providerRequestId = event.providerRequestId ?? null;
        break;
      case 'finish':
        this.finishReasons = event.reasons ?? [event.reason];
        this.usage = event.usage;
        break;
    }
  }

  /** Puts a call that is whole where the model made it: `place` counts the calls since the last result, from 0. */
  insertCall(call: PartOf<'tool_call'>, place: number): void {
    const { parts } = this.answer(0);
    const since = parts.findLastIndex(({ type }) => type === 'tool_result') + 1;
    const calls = parts.flatMap(({ type }, at) => (type === 'tool_call' && at >= since ? [at] : []));
    parts.splice(calls[place] ?? parts.length, 0, call);
  }

  /** Adds a part that is whole, to the first answer. */
  push(part: Part): void {
    this.answer(0).parts.push(part);
  }

  /** How many answers there are, at least one. */
  get count(): number {
    return Math.max(this.answers.length, this.finishReasons.length, 1);
  }

  /** Null until `finish` came. */
  finishReason(choice = 0): FinishReason | null {
    return this.finishReasons[choice] ?? null;
  }

  /** A copy. A tool call without arguments has `{}`. */
  parts(choice = 0): Part[] {
    return this.at(choice).parts.map((part) =>
      part.type === 'tool_call' ? { ...part, arguments: part.arguments || '{}' } : { ...part },
    );
  }

  toolCalls(choice = 0): PartOf<'tool_call'>[] {
    return this.parts(choice).filter((part) => part.type === 'tool_call');
  }

  text(choice = 0): string {
    return this.joined('text', choice);
  }

  reasoning(choice = 0): string {
    return this.joined('reasoning', choice);
  }

  /** Empty when nothing was refused. */
  refusal(choice = 0): string {
    return this.joined('refusal', choice);
  }

  /** What came with the text events, in their order. */
  logprobs(choice = 0): readonly unknown[] {
    return this.at(choice).logprobs;
  }

  private addText({ delta, choice, logprobs }: Extract<ModelEvent, { type: 'text' }>): void {
    const answer = this.answer(choice);
    if (logprobs !== undefined) answer.logprobs.push(logprobs);
    if (!delta) return;
    const last = answer.parts.at(-1);
    if (last?.type === 'text') last.text += delta;
    else answer.parts.push({ type: 'text', text: delta });
  }

  private addRefusal({ delta, choice }: Extract<ModelEvent, { type: 'refusal' }>): void {
    if (!delta) return;
    const { parts } = this.answer(choice);
    const last = parts.at(-1);
    if (last?.type === 'refusal') last.text += delta;
    else parts.push({ type: 'refusal', text: delta });
  }

  private addReasoning({ delta, choice, opaque }: Extract<ModelEvent, { type: 'reasoning' }>): void {
    if (!delta && !opaque) return;
    const { parts } = this.answer(choice);
    const last = parts.at(-1);
    const open = last?.type === 'reasoning' && !last.opaque ? last : null;
    if (!open) parts.push({ type: 'reasoning', text: delta, ...(opaque && { opaque }) });
    else {
      open.text += delta;
      if (opaque) open.opaque = opaque;
    }
  }

  private addToolCall(event: Extract<ModelEvent, { type: 'tool_call' }>): void {
    const { parts, calls } = this.answer(event.choice);
    const known = calls.get(event.index);
    if (known) {
      known.arguments += event.argumentsDelta;
      return;
    }
    const { id = '', name = '', argumentsDelta } = event;
    const call: PartOf<'tool_call'> = { type: 'tool_call', id, name, arguments: argumentsDelta };
    calls.set(event.index, call);
    parts.push(call);
  }

  private answer(choice = 0): Answer {
    return (this.answers[choice] ??= { parts: [], calls: new Map(), logprobs: [] });
  }

  private at(choice: number): Answer {
    return this.answers[choice] ?? NO_ANSWER;
  }

  private joined(type: 'text' | 'reasoning' | 'refusal', choice: number): string {
    let whole = '';
    for (const part of this.at(choice).parts) if (part.type === type) whole += part.text;
    return whole;
  }
}
