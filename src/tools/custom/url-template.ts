import { ToolError } from '../tools.errors';

const VARIABLE = /\{([^{}]*)\}/g;
const NAME = /^[\w.-]{1,64}$/;
/** Scheme and authority without credentials, before any variable. */
const ORIGIN = /^https?:\/\/[^/?#{}\\@\s]+(?=[/?]|$)/i;
const DOTS = /^\.{1,2}$/;
const LONGEST = 8_192;

/** The variables of a URL template (RFC 6570, level 1), in their order. */
export const variablesOf = (template: string): string[] => [
  ...new Set([...template.matchAll(VARIABLE)].map(([, name = '']) => name)),
];

/** What is wrong with a URL template; null for one that can be used. Variables are in its path and query only. */
export function mistakeOf(template: string): string | null {
  if (!ORIGIN.test(template)) {
    return 'expected http:// or https:// with a host that is written out, and no credentials';
  }
  if (!URL.canParse(template.replaceAll(VARIABLE, 'x'))) return 'expected an address';
  if (template.includes('#')) return 'expected an address without a fragment';
  if (/[{}]/.test(template.replaceAll(VARIABLE, ''))) return 'expected every { to be closed by a }';
  const odd = variablesOf(template).find((name) => !NAME.test(name));
  if (odd !== undefined) return `expected names of letters, digits, _ . - in braces, not {${odd}}`;
  if (segmentsOf(template.replaceAll(VARIABLE, 'x')).some(misleads)) return 'expected a path without . and .. in it';
  return null;
}

/**
 * The URL a template stands for. Values are percent-encoded, reserved characters too, so that none can leave its place:
 * host and path segments are those of the template. Throws ToolError for what would do so all the same.
 */
export function expand(template: string, values: Readonly<Record<string, unknown>>): URL {
  const [path = '', ...query] = template.split('?');
  const filled = path.replaceAll(VARIABLE, (_, name: string) => {
    const value = encoded(values[name]);
    if (value === '') throw new ToolError(`'${name}' is part of an address and can't be empty.`);
    return value;
  });
  if (segmentsOf(filled).some(misleads)) {
    throw new ToolError("'.' and '..' between slashes can't be part of an address.");
  }
  const search = query.map((part) => `?${part.replaceAll(VARIABLE, (_, name: string) => encoded(values[name]))}`);
  const url = filled + search.join('');
  if (url.length > LONGEST) throw new ToolError(`The address would be longer than ${LONGEST} characters.`);
  return new URL(url);
}

/** Text of a value where only text can stand: lists are separated by commas, as RFC 6570 does. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(textOf).join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const encoded = (value: unknown): string =>
  Array.isArray(value) ? value.map((item) => percent(textOf(item))).join(',') : percent(textOf(value));

/** All but the unreserved characters of RFC 3986, of which encodeURIComponent leaves a few more alone. */
const percent = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const segmentsOf = (url: string): string[] => url.replace(ORIGIN, '').replace(/\?.*$/s, '').split('/');

/** Whether a segment means the one above, or would to a server that decodes it first. */
function misleads(segment: string): boolean {
  return decoded(segment)
    .split(/[/\\]/)
    .some((part) => DOTS.test(part));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a % that stands for itself, of the template's own
  }
}
