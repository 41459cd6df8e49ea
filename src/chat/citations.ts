import { type PageSpan, type Span } from '../rag/parsed.types';
import { type Passage } from '../rag/search.types';
import { type ChatEvent } from './chat.types';
import { Markers } from './markers';
import { type CitationDto } from './native.types';
import { type Effort, Quotable, quotationsIn } from './quotations';

/** A passage under the number by which it can be cited. */
export interface Source {
  number: number;
  passage: Passage;
  /** Those of its document that it reaches into; empty where there are none. */
  pages: readonly PageSpan[];
}

type Text = Extract<ChatEvent, { type: 'text' }>;

/** Where quotations before a marker are looked for. In UTF-16 code units. */
const REACH = 2_000;
/** For all quotations of one answer: some tenths of a second. */
const EFFORT = 40_000_000;

/**
 * Turns the markers of one answer into citations while it is written. A citation is told directly after the first marker
 * that makes it: of the whole passage, or of what the model quoted of it before the marker. Numbers of no source are taken
 * out of the text.
 */
export class Citer {
  private readonly sources: ReadonlyMap<number, CitableSource>;
  private readonly effort: Effort = { left: EFFORT };
  /** Of each answer that was asked for (`n`). */
  private readonly voices = new Map<number | undefined, Voice>();

  constructor(sources: readonly Source[]) {
    this.sources = new Map(sources.map((source) => [source.number, new CitableSource(source)]));
  }

  /** What leaves instead of an event, in order. */
  hear(event: ChatEvent): ChatEvent[] {
    if (event.type !== 'text') return [...this.rest(), event];
    return this.told(event, this.voice(event.choice).markers.push(event.delta));
  }

  /** What was held back, when the answer was cut short. */
  rest(): ChatEvent[] {
    return [...this.voices].flatMap(([choice, { markers }]) => {
      const event: Text = { type: 'text', delta: '', ...(choice === undefined ? {} : { choice }) };
      return this.told(event, markers.end());
    });
  }

  private voice(choice: number | undefined): Voice {
    let voice = this.voices.get(choice);
    if (!voice) {
      const stands = (words: string) => [...this.sources.values()].some((source) => source.has(words));
      voice = { markers: new Markers((number) => this.sources.has(number), stands), said: '', quoted: [] };
      this.voices.set(choice, voice);
    }
    return voice;
  }

  private told({ logprobs, ...event }: Text, pieces: ReturnType<Markers['push']>): ChatEvent[] {
    const voice = this.voice(event.choice);
    const told: ChatEvent[] = [];
    let delta = '';
    const speak = () => {
      if (delta) told.push({ ...event, delta });
      delta = '';
    };
    for (const { text, cites } of pieces) {
      delta += text;
      if (!cites) {
        voice.said = (voice.said + text).slice(-REACH);
        continue;
      }
      const citations = this.cite(voice, cites);
      if (citations.length > 0) speak();
      for (const citation of citations) told.push({ type: 'citation', citation });
    }
    speak();
    return logprobs === undefined ? told : withLogprobs(told, { ...event, delta: '', logprobs });
  }

  /** Those that were not told before. Markers that follow each other stand for the same words. */
  private cite(voice: Voice, numbers: readonly number[]): CitationDto[] {
    if (voice.said.trim()) voice.quoted = quotationsIn(voice.said.slice(voice.said.lastIndexOf('\n\n') + 1));
    voice.said = '';
    return numbers.flatMap((number) => this.sources.get(number)?.cite(voice.quoted, this.effort) ?? []);
  }
}

interface Voice {
  markers: Markers;
  /** Since the last marker. */
  said: string;
  /** What was quoted before it. */
  quoted: string[];
}

/** They belong to the words of their event, which are told now or, some of them, with the next. */
function withLogprobs(told: ChatEvent[], { logprobs, ...empty }: Text): ChatEvent[] {
  const first = told.findIndex(({ type }) => type === 'text');
  if (first === -1) return [{ ...empty, logprobs }, ...told];
  return told.map((event, i) => (i === first && event.type === 'text' ? { ...event, logprobs } : event));
}

class CitableSource {
  private readonly quotable: Quotable;
  private readonly told = new Set<string>();

  constructor(private readonly source: Source) {
    this.quotable = new Quotable(source.passage.text);
  }

  has(words: string): boolean {
    return this.source.passage.text.includes(words);
  }

  cite(quotations: readonly string[], effort: Effort): CitationDto[] {
    const found = quotations.map((quotation) => this.quotable.find(quotation, effort)).filter((span) => span !== null);
    const whole = this.told.size === 0 ? [{ start: 0, end: this.source.passage.text.length }] : [];
    return (found.length > 0 ? found : whole).flatMap((span) => {
      const key = `${span.start}-${span.end}`;
      if (this.told.has(key)) return [];
      this.told.add(key);
      return [this.citation(span)];
    });
  }

  private citation({ start, end }: Span): CitationDto {
    const { number, passage, pages } = this.source;
    const from = passage.start + start;
    return {
      number,
      chunk_id: passage.chunkId,
      document_id: passage.documentId,
      title: passage.title,
      page: pages.find((page) => page.start <= from && from < page.end)?.page ?? passage.page,
      start: from,
      end: passage.start + end,
      quote: passage.text.slice(start, end),
      url: passage.url,
    };
  }
}
