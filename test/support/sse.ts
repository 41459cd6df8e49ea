export interface SseEvent {
  id?: string;
  event?: string;
  /** Parsed JSON, or the text when it is none (`[DONE]`). */
  data: any;
}

/** Reads server-sent events the plain way, comments left out. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

function parse(block: string): SseEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const data = fields.get('data');
  if (data === undefined) return null;
  const event: SseEvent = { data: data.startsWith('{') ? JSON.parse(data) : data };
  const [id, name] = [fields.get('id'), fields.get('event')];
  return { ...event, ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { event: name }) };
}
