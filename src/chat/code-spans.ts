/**
 * Whether text is inside Markdown code, told one UTF-16 code unit at a time (CommonMark 0.31, 4.5 and 6.1). A code span
 * ends with its line at the latest, since one that is never closed is none and nobody can know that while it is written.
 */
export class CodeSpans {
  /** Nothing but blanks and the marks of lists and quotations so far. */
  private lineBegins = true;
  private run: { mark: string; length: number; begins: boolean } | null = null;
  private fence: { mark: string; length: number } | null = null;
  /** On the line that opens a fence: what follows is told of the language. */
  private opening = false;
  /** A fence was met that closes, if nothing else stands on its line. */
  private closing = false;
  /** Length of the run of backticks that opened a span; 0 outside. */
  private span = 0;

  /** Whether `unit` itself is code. */
  takes(unit: string): boolean {
    if (unit === '`' || unit === '~') {
      if (this.run?.mark === unit) this.run.length++;
      else {
        this.endRun();
        this.run = { mark: unit, length: 1, begins: this.lineBegins };
      }
      this.lineBegins = false;
      return true;
    }
    this.endRun();
    if (unit === '\n') this.endLine();
    else if (unit !== ' ' && unit !== '\t') {
      this.closing = false;
      if (!/[>*+\-\d.]/.test(unit)) this.lineBegins = false;
    }
    return this.fence !== null || this.span > 0;
  }

  private endRun(): void {
    const { run, fence } = this;
    if (!run) return;
    this.run = null;
    if (fence && this.opening && run.mark === '`' && fence.mark === '`') {
      this.fence = null; // backticks can't stand after an opening fence: it was a span
      this.span = fence.length;
    }
    if (this.fence) {
      this.closing = run.begins && run.mark === this.fence.mark && run.length >= this.fence.length;
    } else if (this.span === 0 && run.begins && run.length >= 3) {
      this.fence = run;
      this.opening = true;
    } else if (run.mark === '`') {
      if (this.span === 0) this.span = run.length;
      else if (this.span === run.length) this.span = 0;
    }
  }

  private endLine(): void {
    if (this.closing) this.fence = null;
    this.closing = false;
    this.opening = false;
    this.span = 0;
    this.lineBegins = true;
  }
}
