/** Repeats work on at most `most` rows until there are fewer; no table is locked for long, however many there are. Returns how many in all. */
export async function inBatches(most: number, some: (most: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const done = await some(most);
    total += done;
    if (done < most) return total;
  }
}
