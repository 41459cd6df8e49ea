import { type ToolDefinition } from '../providers/providers.types';
import { type ChatEvent } from './chat.types';

export type CallDelta = Extract<ChatEvent, { type: 'tool_call' }>;

/** Tells the calls of one answer apart while they are streamed: of tools the client executes, and of all others. */
export class StreamedCalls {
  /** By the model's index: the client's, null for a call that is not passed on. */
  private readonly indexes = new Map<number, number | null>();
  private readonly clients: ReadonlySet<string>;
  /** Those the client is to execute. */
  passedOn = 0;

  /**
   * @param tools those of the client
   * @param uniqueId gives each call an id that no other has
   */
  constructor(
    tools: readonly ToolDefinition[],
    private readonly uniqueId: (id: string) => string,
  ) {
    this.clients = new Set(tools.map(({ name }) => name));
  }

  isClients(name: string): boolean {
    return this.clients.has(name);
  }

  /** The same delta with the id it is known by from here on. */
  identified(delta: CallDelta): CallDelta {
    if (this.indexes.has(delta.index)) return delta;
    this.indexes.set(delta.index, this.isClients(delta.name ?? '') ? this.passedOn++ : null);
    return { ...delta, id: this.uniqueId(delta.id ?? '') };
  }

  /** As the client is told it, numbered without gaps; null for a call that is not the client's. */
  passed(delta: CallDelta): CallDelta | null {
    const index = this.indexes.get(delta.index) ?? null;
    return index === null ? null : { ...delta, index };
  }
}
