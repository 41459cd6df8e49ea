/** What `ask` answers as soon as that is something, asked again and again; gives up after `withinMs`. */
export async function eventually<T>(ask: () => T | Promise<T>, withinMs = 5_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`nothing came within ${withinMs} ms`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
