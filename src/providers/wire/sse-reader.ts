import { StringDecoder } from 'node:string_decoder';

/** Longest event accepted, in characters: what a provider sends is not bounded by anything else. */
export const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/**
 * Reads server-sent events (WHATWG HTML, section 9.2) and yields each event's `data`. Event names and ids are not
 * looked at: every provider repeats them in the payload. Cuts may fall anywhere, inside a character too. A last event
 * without its closing blank line is yielded as well, since some servers end so.
 */
export async function* readSse(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let unfinished = ''; // the start of a line whose end has not come yet
  let data: string | null = null;
  let length = 0;
  let begins = true;

  for await (const chunk of bytes) {
    let text = decoder.write(chunk);
    if (begins && text) {
      begins = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    length += text.length;
    if (length > MAX_EVENT_LENGTH) throw new RangeError('an event of the stream is longer than 32 MiB');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      let line = text.slice(start, end);
      if (unfinished) {
        line = unfinished + line;
        unfinished = '';
      }
      start = end + 1;
      if (line === '' || line === '\r') {
        if (data !== null) yield data;
        data = null;
        length = text.length - start;
      } else {
        data = append(data, line);
      }
    }
    if (start < text.length) unfinished += text.slice(start);
  }
  if (unfinished) data = append(data, unfinished);
  if (data !== null) yield data;
}

/** Takes a `data:` line into the event; other fields and comments leave it as it is. */
function append(data: string | null, line: string): string | null {
  if (!line.startsWith('data:')) return data;
  const value = line.slice(line.charCodeAt(5) === 32 ? 6 : 5, line.endsWith('\r') ? -1 : undefined);
  return data === null ? value : `${data}\n${value}`;
}
