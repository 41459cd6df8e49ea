import { StringDecoder } from 'node:string_decoder';

/** Longest event accepted, in characters: what a provider sends is not bounded by anything else. */
export const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/**
 * Reads server-sent events (WHATWG HTML, section 9.2) and gives each event's `data`. Event names and ids are not looked
 * at: every provider repeats them in the payload. Cuts may fall anywhere, inside a character too.
 */
export class SseParser {
  private readonly decoder = new StringDecoder('utf8');
  /** The start of a line whose end has not come yet. */
  private unfinished = '';
  private data: string | null = null;
  /** Of the event so far. */
  private length = 0;
  private begins = true;

  /** The events that these bytes complete. Throws RangeError for one that is too long. */
  push(bytes: Uint8Array): string[] {
    const events: string[] = [];
    let text = this.decoder.write(bytes);
    if (this.begins && text) {
      this.begins = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    this.length += text.length;
    if (this.length > MAX_EVENT_LENGTH) throw new RangeError('an event of the stream is longer than 32 MiB');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      let line = text.slice(start, end);
      if (this.unfinished) {
        line = this.unfinished + line;
        this.unfinished = '';
      }
      start = end + 1;
      if (line === '' || line === '\r') {
        if (this.data !== null) events.push(this.data);
        this.data = null;
        this.length = text.length - start;
      } else {
        this.data = append(this.data, line);
      }
    }
    if (start < text.length) this.unfinished += start === 0 ? text : text.slice(start);
    return events;
  }

  /** A last event without its closing blank line counts as well, since some servers end so. */
  end(): string[] {
    const data = this.unfinished ? append(this.data, this.unfinished) : this.data;
    this.unfinished = '';
    this.data = null;
    return data === null ? [] : [data];
  }
}

/** Takes a `data:` line into the event; other fields and comments leave it as it is. */
function append(data: string | null, line: string): string | null {
  if (!line.startsWith('data:')) return data;
  const value = line.slice(line.charCodeAt(5) === 32 ? 6 : 5, line.endsWith('\r') ? -1 : undefined);
  return data === null ? value : `${data}\n${value}`;
}
