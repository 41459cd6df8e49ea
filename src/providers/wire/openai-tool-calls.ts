import { newId } from '../../platform/common/ids';
import { isObject, type WireToolCall } from './openai-wire';

/** One step of one call. `id` and `name` come with the first. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  name?: string;
  argumentsDelta: string;
}

interface Call {
  /** Set once it is named. */
  index: number;
  id: string;
  name: string;
  /** Arguments that came before the name did. */
  early: string;
}

/**
 * Tells the calls of one answer apart and numbers them from 0. Servers number calls by `index`, but some leave it out
 * (a new id then starts a new call), some give 0 to every call, and some change the id with every delta.
 */
export class ToolCallReader {
  /** How many calls have begun. */
  count = 0;
  private readonly byWireIndex = new Map<number, Call>();
  private readonly unnamed = new Set<Call>();
  private last: Call | null = null;

  /** Null when there is nothing to say yet. */
  read(delta: WireToolCall): ToolCallDelta | null {
    const id = text(delta.id);
    const name = text(delta.function?.name);
    const args = argumentsText(delta.function?.arguments);
    const known = typeof delta.index === 'number' ? (this.byWireIndex.get(delta.index) ?? null) : this.last;
    const call = !known || isAnother(known, delta.index, id, name) ? this.begin(delta.index, id) : known;
    this.last = call;
    if (call.name) return args ? { index: call.index, argumentsDelta: args } : null;
    if (!name) {
      call.early += args;
      return null;
    }
    call.name = name;
    call.index = this.count++;
    this.unnamed.delete(call);
    return { index: call.index, id: call.id, name, argumentsDelta: call.early + args };
  }

  /** Whether arguments came for a call that was never named. */
  get broken(): boolean {
    return [...this.unnamed].some(({ early }) => early !== '');
  }

  private begin(wireIndex: number | null | undefined, id: string): Call {
    const call: Call = { index: -1, id: id || `call_${newId()}`, name: '', early: '' };
    this.unnamed.add(call);
    if (typeof wireIndex === 'number') this.byWireIndex.set(wireIndex, call);
    return call;
  }
}

/** Whether a delta starts a new call rather than going on with the known one. */
function isAnother(known: Call, wireIndex: number | null | undefined, id: string, name: string): boolean {
  if (!known.name) return false;
  if (typeof wireIndex === 'number') return name !== '' && id !== '' && id !== known.id;
  return id !== '' ? id !== known.id : name !== '';
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Some servers send the arguments parsed. */
const argumentsText = (value: unknown): string => (isObject(value) ? JSON.stringify(value) : text(value));
