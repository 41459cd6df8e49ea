/** The parameters of a statement that is put together; nothing of a caller's ever stands in its text. */
export class Parameters {
  readonly values: unknown[] = [];

  /** Where it stands in the statement: `$1`, `$2`, … */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}
