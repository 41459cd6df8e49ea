import { type Target } from '../providers/providers.service';
import { type CallRequest } from '../providers/providers.types';
import { isEmbedding } from './embedding';
import { anyImages, claudeImages, imageTokens, openAiImages, type TokenEstimate } from './image-tokens';
import { bytesOf, contentsOf, isText, read } from './prompt';
import { type TextCounter } from './tokenizer';
import { type Encoding } from './vocabulary.codec';

export type { TokenEstimate } from './image-tokens';

const IMAGE_TOKENS = 765;
const MESSAGE_TOKENS = 4;
const PROMPT_TOKENS = 3;
/** Bytes of a document to a token: a PDF page of 30 kB is about 3,000 tokens of text and picture. */
const DOCUMENT_BYTES_PER_TOKEN = 10;
const SMALLEST_DOCUMENT = 5_000;

/** Tokens of text, from its UTF-8 bytes: four to a token. Used where something is said, piece by piece, and nothing must be spent on counting. */
export const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / 4);

/** A prompt at once, without reading it: within about a quarter for English and code, a good half for other scripts. */
export function roughInput(request: CallRequest): number {
  const { texts, images, files, hidden, given } = contentsOf(request);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), hidden);
  const documents = files.reduce((sum, { data }) => sum + bytesOf(data), 0);
  const messages = isEmbedding(request) ? 0 : request.messages.length;
  return given + tokensOfBytes(bytes + documents) + IMAGE_TOKENS * images.length + MESSAGE_TOKENS * messages;
}

/**
 * Tokens of a prompt as the provider of `target` will count it. OpenAI's models are counted with their own vocabulary: what is told
 * stays below `upper`, two per cent and a few tokens more. Of others only the vocabulary's bytes are known for certain: `tokens`
 * is OpenAI's count times what was measured (Claude 1.2, others 1.05), `upper` twice it and a token for every byte of a kind that
 * others split finer. What a provider adds of its own accord, such as Claude's instructions for tools, is in both. No more than
 * the model's context window. Texts to be embedded have nothing around them, and each a window of its own.
 */
export function estimateInput(
  request: CallRequest,
  target: Pick<Target, 'provider' | 'model' | 'info'>,
): TokenEstimate {
  const reader = readerOf(target);
  const { text, contents } = read(request, reader.encoding);
  const { images, files, hidden, given, names, tools } = contents;
  const total = { tokens: given + hidden / 4, upper: given + hidden };
  const add = ({ tokens, upper }: TokenEstimate) => {
    total.tokens += tokens;
    total.upper += upper;
  };
  add(reader.text(text));
  for (const image of images) add(imageTokens(reader.images, image));
  for (const { data } of files.filter((file) => !isText(file))) {
    const bytes = bytesOf(data);
    add({ tokens: bytes / DOCUMENT_BYTES_PER_TOKEN, upper: Math.max(bytes, SMALLEST_DOCUMENT) });
  }
  if (isEmbedding(request)) return { tokens: Math.ceil(total.tokens), upper: Math.ceil(total.upper) };
  const { framing } = reader;
  add({ tokens: PROMPT_TOKENS + names, upper: framing.prompt + names });
  add({ tokens: MESSAGE_TOKENS * request.messages.length, upper: framing.message * request.messages.length });
  if (tools > 0) add({ tokens: framing.tools.tokens + tools, upper: framing.tools.upper + 16 * tools });
  const most = target.info?.contextWindow ?? Infinity;
  return { tokens: Math.min(Math.ceil(total.tokens), most), upper: Math.min(Math.ceil(total.upper), most) };
}

/** How the models of one kind read a prompt. */
interface Reader {
  encoding: Encoding;
  text(counter: TextCounter): TokenEstimate;
  images: typeof claudeImages;
  /** Upper bounds of what surrounds a prompt and each of its messages, and what tools bring with them beside their definitions. */
  framing: { prompt: number; message: number; tools: TokenEstimate };
}

function readerOf({ provider, model }: Pick<Target, 'provider' | 'model'>): Reader {
  const name = provider.id === 'openrouter' ? model.replace(/^openai\//, '') : model;
  const isOpenAi = provider.id === 'openai' || (provider.id === 'openrouter' && name !== model);
  if (isOpenAi) {
    return {
      encoding: /^(gpt-3|gpt-4$|gpt-4-|text-embedding-)/.test(name) ? 'cl100k' : 'o200k',
      text: (counter) => ({ tokens: counter.estimate, upper: counter.most * 1.02 }),
      images: openAiImages(name),
      framing: { prompt: 32, message: 8, tools: { tokens: 12, upper: 32 } },
    };
  }
  const isClaude = /claude/i.test(model);
  const factor = isClaude ? 1.2 : 1.05;
  return {
    encoding: 'o200k',
    text: (counter) => ({
      tokens: Math.min(counter.estimate * factor, counter.mostElsewhere),
      upper: counter.mostElsewhere,
    }),
    images: isClaude ? claudeImages : anyImages,
    framing: { prompt: 64, message: 8, tools: { tokens: isClaude ? 346 : 100, upper: 1024 } },
  };
}
