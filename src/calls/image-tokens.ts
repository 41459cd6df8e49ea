import { type Part } from '../providers/providers.types';
import { imageSizeOf, type ImageSize } from './image-size';

/** What a prompt, or a part of it, is taken to cost, and what it will not exceed. */
export interface TokenEstimate {
  tokens: number;
  upper: number;
}

export type ImagePart = Extract<Part, { type: 'image' }>;
type Rule = (image: ImagePart, size: ImageSize | null) => TokenEstimate;

/** An image by the rule of its provider. One whose size is not known, such as one behind an address, counts as the largest. */
export const imageTokens = (rule: Rule, image: ImagePart): TokenEstimate =>
  rule(image, image.data === undefined ? null : imageSizeOf(image.data));

const exactly = (tokens: number): TokenEstimate => ({ tokens, upper: tokens });

/** So much for the image and so much for each tile of 512 pixels, after it was scaled into 2048 and its shorter side to 768. */
const tiles =
  (base: number, perTile: number): Rule =>
  ({ detail }, size) => {
    if (detail === 'low') return exactly(base);
    if (!size) return { tokens: base + 4 * perTile, upper: base + 8 * perTile };
    const into = Math.min(1, 2048 / Math.max(size.width, size.height));
    const scale = into * Math.min(1, 768 / (into * Math.min(size.width, size.height)));
    const along = (pixels: number) => Math.max(1, Math.ceil((pixels * scale) / 512));
    return exactly(base + perTile * along(size.width) * along(size.height));
  };

const MOST_PATCHES = 1536;

/** So much for each patch of 32 pixels, of which there are at most 1,536; `dearest` is what some models of the family have been billed. */
const patches =
  (perPatch: number, dearest = perPatch): Rule =>
  (_, size) => {
    const count = size ? Math.ceil(size.width / 32) * Math.ceil(size.height / 32) : MOST_PATCHES;
    const billed = Math.min(count, MOST_PATCHES);
    return { tokens: Math.ceil(billed * perPatch), upper: Math.ceil(billed * dearest) };
  };

/** First match wins. Source: https://platform.openai.com/docs/guides/images-vision, and what developers have measured. */
const OPENAI: readonly [model: RegExp, rule: Rule][] = [
  [/^gpt-4o-mini/, tiles(2833, 5667)],
  [/^(gpt-4\.1|gpt-5[\d.]*)-nano/, patches(2.46)],
  [/^(gpt-4\.1|gpt-5[\d.]*)-mini/, patches(1.62)],
  [/^o4-mini/, patches(1.72)],
  [/^o[134]/, tiles(75, 150)],
  [/^gpt-5(-\d{4}|-chat|-codex|-pro|\.1|$)/, tiles(70, 140)],
  [/^(gpt-4|chatgpt-4o)/, tiles(85, 170)],
];
export const openAiImages = (model: string): Rule =>
  OPENAI.find(([pattern]) => pattern.test(model))?.[1] ?? patches(1.2, 2.46);

/** A token for 750 pixels, up to 1,600, or 4,784 where a model takes larger images. Source: https://platform.claude.com/docs/en/build-with-claude/vision */
export const claudeImages: Rule = (_, size) => {
  const tokens = size ? Math.ceil((size.width * size.height) / 750) : Infinity;
  return { tokens: Math.min(tokens, 1600), upper: Math.min(tokens + 50, 4784) };
};

/** The finest known is a token for 14 × 14 pixels; the largest image 16,384. */
export const anyImages: Rule = (_, size) => {
  const upper = size ? Math.min(16_384, Math.max(300, Math.ceil((size.width * size.height) / 196))) : 16_384;
  return { tokens: Math.min(1000, upper), upper };
};
