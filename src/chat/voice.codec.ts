import { type Part } from '../providers/providers.types';
import { type DeltaType, toolCallFrame, toolResultFrame } from './native.codec';

type Spoken = Extract<Part, { type: 'text' | 'refusal' | 'reasoning' }>;
export const isSpoken = (part: Part): part is Spoken =>
  (part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning') && part.text !== '';

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

/** Says an answer again: its texts in pieces of given lengths, its calls and their results one by one. A piece never was of two parts. */
export class Voice {
  private readonly parts: Spoken[];
  private readonly calls: PartOf<'tool_call'>[];
  private readonly results: PartOf<'tool_result'>[];
  private part = 0;
  private at = 0;
  private called = 0;
  private answered = 0;

  constructor(parts: readonly Part[]) {
    this.parts = parts.filter(isSpoken);
    this.calls = parts.filter((part) => part.type === 'tool_call').filter(({ server }) => server === true);
    this.results = parts.filter((part) => part.type === 'tool_result');
  }

  call(seq: number): string | null {
    const call = this.calls[this.called++];
    return call ? toolCallFrame(seq, call) : null;
  }

  answer(seq: number): string | null {
    const result = this.results[this.answered++];
    if (!result) return null;
    const name = this.calls.find(({ id }) => id === result.toolCallId)?.name ?? '';
    return toolResultFrame(seq, name, result);
  }

  say(length: number): { type: DeltaType; text: string } {
    if (this.at >= (this.parts[this.part]?.text.length ?? 0)) {
      this.part++;
      this.at = 0;
    }
    const part = this.parts[this.part];
    const type = part?.type === 'reasoning' ? 'reasoning.delta' : 'message.delta';
    return { type, text: part?.text.slice(this.at, (this.at += length)) ?? '' };
  }
}
