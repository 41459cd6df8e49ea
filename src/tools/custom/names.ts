/** What providers take as the name of a tool or an argument. */
const LONGEST = 64;

const plain = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').slice(0, LONGEST) || '_';

/** As it can be told to models, and as none of `taken`: else with `place` before it, else with a number after it. */
export function uniqueName(name: string, place: string | null, taken: readonly string[]): string {
  const candidate = plain(name);
  if (!taken.includes(candidate)) return candidate;
  const base = place === null ? candidate : plain(`${place}_${name}`);
  if (!taken.includes(base)) return base;
  for (let n = 2; ; n++) {
    const numbered = `${base.slice(0, LONGEST - String(n).length - 1)}_${n}`;
    if (!taken.includes(numbered)) return numbered;
  }
}
