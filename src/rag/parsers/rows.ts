/** Titles are short; a row with a longer cell is not one of titles. */
const MOST_TITLE = 80;

/**
 * Rows as lines that say what they mean without the rows above them: `Name: Ada | Age: 36` under a row of titles, else
 * `Ada | 36`. Empty cells are left out.
 */
export class Rows {
  private titles: readonly string[] | null | undefined = undefined;

  /** The line of the next row; null when it is empty. The first is taken for titles when all of it are short words. */
  line(row: readonly string[]): string | null {
    const cells = row.map((cell) => cell.replaceAll(/\s+/g, ' ').trim());
    if (cells.every((cell) => cell === '')) return null;
    if (this.titles === undefined) {
      this.titles = areTitles(cells) ? cells : null;
      return cells.filter((cell) => cell !== '').join(' | ');
    }
    const { titles } = this;
    return cells
      .map((cell, i) => (cell === '' ? '' : titles?.[i] ? `${titles[i]}: ${cell}` : cell))
      .filter((cell) => cell !== '')
      .join(' | ');
  }
}

function areTitles(cells: readonly string[]): boolean {
  const named = cells.filter((cell) => cell !== '');
  return (
    named.length > 1 &&
    new Set(named).size === named.length &&
    named.every((cell) => cell.length <= MOST_TITLE && /\p{L}/u.test(cell) && !/^[\d-]/.test(cell))
  );
}
