import {
  type CallRequest,
  type EmbeddingRequest,
  type GenerationRequest,
  type Part,
} from '../providers/providers.types';
import { type ImagePart } from './image-tokens';
import { isEmbedding } from './embedding';
import { TextCounter } from './tokenizer';
import { type Encoding } from './vocabulary.codec';

type FilePart = Extract<Part, { type: 'file' }>;

/** What there is to count in a request. */
interface Contents {
  /** Those of the messages, and the JSON of what else the model is shown. */
  texts: string[];
  images: ImagePart[];
  files: FilePart[];
  /** Bytes of what only the provider can read: thoughts it wants back. */
  hidden: number;
  /** Tokens that came as such. */
  given: number;
  /** How many there are of each. */
  names: number;
  tools: number;
}

/** A prompt that was read. */
interface Reading {
  contents: Contents;
  text: TextCounter;
}

const readings = new WeakMap<CallRequest, Map<Encoding, Reading>>();

/** Each request is read once in each vocabulary, however many models it goes to. */
export function read(request: CallRequest, encoding: Encoding): Reading {
  const known = readings.get(request) ?? new Map<Encoding, Reading>();
  let reading = known.get(encoding);
  if (!reading) {
    reading = { contents: contentsOf(request), text: new TextCounter(encoding) };
    for (const text of reading.contents.texts) reading.text.add(text);
    for (const file of reading.contents.files.filter(isText)) {
      reading.text.add(Buffer.from(file.data, 'base64').toString());
    }
    readings.set(request, known.set(encoding, reading));
  }
  return reading;
}

export const contentsOf = (request: CallRequest): Contents =>
  isEmbedding(request) ? contentsOfInputs(request) : contentsOfPrompt(request);

const nothing = (): Contents => ({ texts: [], images: [], files: [], hidden: 0, given: 0, names: 0, tools: 0 });

function contentsOfInputs({ inputs }: EmbeddingRequest): Contents {
  const contents = nothing();
  for (const input of inputs) {
    if (typeof input === 'string') contents.texts.push(input);
    else contents.given += input.length;
  }
  return contents;
}

function contentsOfPrompt({ messages, tools = [], responseFormat, passthrough }: GenerationRequest): Contents {
  const contents = { ...nothing(), tools: tools.length };
  for (const { parts, name } of messages) {
    if (name !== undefined) {
      contents.texts.push(name);
      contents.names++;
    }
    for (const part of parts) addPart(contents, part);
  }
  if (tools.length > 0) contents.texts.push(JSON.stringify(tools));
  if (responseFormat?.type === 'json_schema') contents.texts.push(JSON.stringify(responseFormat));
  if (passthrough) contents.texts.push(JSON.stringify(passthrough));
  return contents;
}

function addPart(contents: Contents, part: Part): void {
  switch (part.type) {
    case 'text':
    case 'refusal':
      contents.texts.push(part.text);
      return;
    case 'reasoning':
      contents.texts.push(part.text);
      contents.hidden += bytesOfJson(part.opaque?.data);
      return;
    case 'tool_call':
      contents.texts.push(part.id, part.name, part.arguments);
      contents.hidden += bytesOfJson(part.opaque?.data);
      return;
    case 'tool_result':
      contents.texts.push(part.toolCallId, part.content);
      return;
    case 'opaque':
      contents.hidden += bytesOfJson(part.opaque.data);
      return;
    case 'image':
      contents.images.push(part);
      return;
    case 'file':
      contents.files.push(part);
  }
}

/** Read like the texts themselves. */
export const isText = ({ mediaType }: FilePart) => /^(text\/|application\/(json|xml)\b)/.test(mediaType);
export const bytesOf = (base64: string) => Math.ceil((base64.length * 3) / 4);
const bytesOfJson = (data: unknown) => (data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data)));
