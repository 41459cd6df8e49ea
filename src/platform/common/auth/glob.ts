/**
 * Whether `text` is of the form of `glob`, in which `*` stands for any characters, also none and slashes. Goes back to the
 * last star only, so that no pattern takes longer than the product of both lengths.
 */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length;) {
    if (glob[at] === '*') {
      star = at++;
      resume = i;
    } else if (glob[at] === text[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}
