import { type ModelEvent } from '../../providers.types';
import { FORMAT } from './anthropic.messages';
import { isObject, stringOf, type WireBlock } from './anthropic.wire';

/** Reads one content block: `delta` for each of its pieces, `stop` at its end. Each tells at most one event. */
export interface BlockReader {
  delta(delta: WireBlock): ModelEvent | null;
  stop(): ModelEvent | null;
}

/** Text goes out as it comes. One with citations is kept whole, so that it can be sent back with them. */
export class TextBlock implements BlockReader {
  private text = '';
  private readonly citations: unknown[] = [];

  delta({ type, text, citation }: WireBlock): ModelEvent | null {
    if (type === 'citations_delta') this.citations.push(citation);
    const delta = type === 'text_delta' ? stringOf(text) : '';
    if (!delta) return null;
    this.text += delta;
    return { type: 'text', delta };
  }

  stop(): ModelEvent | null {
    const { text, citations } = this;
    return citations.length > 0 && text ? opaque({ type: 'text', text, citations }) : null;
  }
}

/** Thoughts go out as they come; the block itself, with the signature that proves it, closes them. */
export class ThinkingBlock implements BlockReader {
  private thinking = '';
  private signature = '';

  delta({ type, thinking, signature }: WireBlock): ModelEvent | null {
    if (type === 'signature_delta') this.signature += stringOf(signature);
    const delta = type === 'thinking_delta' ? stringOf(thinking) : '';
    if (!delta) return null;
    this.thinking += delta;
    return { type: 'reasoning', delta };
  }

  stop(): ModelEvent | null {
    const { thinking, signature } = this;
    if (!signature) return null; // without it the API won't have the block back
    return {
      type: 'reasoning',
      delta: '',
      opaque: { format: FORMAT, data: { type: 'thinking', thinking, signature } },
    };
  }
}

/** Thoughts the API keeps to itself. */
export class RedactedBlock implements BlockReader {
  constructor(private readonly block: WireBlock) {}

  delta(): null {
    return null;
  }

  stop(): ModelEvent {
    return { type: 'reasoning', delta: '', opaque: { format: FORMAT, data: this.block } };
  }
}

/** A call of one of the caller's tools. A call without arguments streams none: it gets `{}`. */
export class ToolBlock implements BlockReader {
  private empty = true;

  constructor(
    private readonly index: number,
    private readonly input: unknown,
  ) {}

  delta({ partial_json }: WireBlock): ModelEvent | null {
    const argumentsDelta = stringOf(partial_json);
    if (!argumentsDelta) return null;
    this.empty = false;
    return { type: 'tool_call', index: this.index, argumentsDelta };
  }

  stop(): ModelEvent | null {
    if (!this.empty) return null;
    return { type: 'tool_call', index: this.index, argumentsDelta: JSON.stringify(this.input ?? {}) };
  }
}

/** The answer in the shape of a tool's arguments: they are its text. */
export class JsonBlock implements BlockReader {
  private empty = true;

  constructor(private readonly input: unknown) {}

  delta({ partial_json }: WireBlock): ModelEvent | null {
    const delta = stringOf(partial_json);
    if (!delta) return null;
    this.empty = false;
    return { type: 'text', delta };
  }

  stop(): ModelEvent | null {
    return this.empty ? { type: 'text', delta: JSON.stringify(this.input ?? {}) } : null;
  }
}

/** Whatever else there is and will be: tools the provider runs, their results, compactions. Kept whole. */
export class OpaqueBlock implements BlockReader {
  private readonly block: WireBlock;
  private json = '';

  constructor(block: WireBlock) {
    this.block = { ...block };
  }

  delta({ type, partial_json, ...pieces }: WireBlock): null {
    if (type === 'input_json_delta') {
      this.json += stringOf(partial_json);
      return null;
    }
    for (const [name, piece] of Object.entries(pieces)) {
      const before = this.block[name];
      this.block[name] = typeof piece === 'string' && typeof before === 'string' ? before + piece : piece;
    }
    return null;
  }

  /** @throws SyntaxError when the input it streamed is no JSON. */
  stop(): ModelEvent {
    if (this.json) this.block['input'] = JSON.parse(this.json) as unknown;
    return opaque(this.block);
  }
}

const opaque = (data: WireBlock): ModelEvent => ({ type: 'opaque', opaque: { format: FORMAT, data } });

/** A whole block as the start and the deltas a stream would have sent. */
export function toPieces(block: WireBlock): { start: WireBlock; deltas: WireBlock[] } {
  const { type, text, thinking, signature, citations } = block;
  if (type === 'text') {
    const cited = Array.isArray(citations) ? citations : [];
    const deltas = cited.map((citation: unknown): WireBlock => ({ type: 'citations_delta', citation }));
    return { start: { type }, deltas: [{ type: 'text_delta', text }, ...deltas] };
  }
  if (type === 'thinking') {
    const deltas = [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ];
    return { start: { type }, deltas };
  }
  return { start: block, deltas: [] };
}

/** Blocks as they come in a list of unknown content. */
export const blocksOf = (content: unknown): WireBlock[] => (Array.isArray(content) ? content.filter(isObject) : []);
