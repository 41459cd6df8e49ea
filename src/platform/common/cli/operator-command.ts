import { CommandRunner } from 'nest-commander';
import { type Page } from '../http/pagination';

type Parser = Parameters<CommandRunner['setCommand']>[0];

/** One of the operator's commands. A mistake in its use is thrown, so that what was opened for it is closed. */
export abstract class OperatorCommand extends CommandRunner {
  override setCommand(command: Parser): this {
    return super.setCommand(command.exitOverride());
  }
}

/** A name that several commands begin with. */
export abstract class OperatorGroup extends OperatorCommand {
  run([unknown]: string[]): Promise<void> {
    if (unknown !== undefined) this.command.error(`error: unknown command '${unknown}'`);
    this.command.outputHelp();
    return Promise.resolve();
  }
}

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Rows as lines, in columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const MOST = 100;

/** All rows of a listing, page by page, in the order they were made. */
export async function* pagesOf<T>(
  list: (page: { limit: number; order: 'asc'; after?: string }) => Promise<Page<T>>,
): AsyncGenerator<T[]> {
  for (let after: string | null = null, more = true; more;) {
    const page: Page<T> = await list({ limit: MOST, order: 'asc', ...(after === null ? {} : { after }) });
    if (page.data.length > 0) yield page.data;
    after = page.last_id;
    more = page.has_more;
  }
}
