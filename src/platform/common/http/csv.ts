import { type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { map, type Observable } from 'rxjs';

type Cell = string | number | null | undefined;
export interface Table {
  columns: readonly string[];
  rows: readonly Record<string, Cell>[];
}

/** CSV as RFC 4180 has it: a header row, CRLF, quotes where they are needed. Null is an empty field. */
export function toCsv({ columns, rows }: Table): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => `${cells.map(field).join(',')}\r\n`).join('');
}

/** Also after blanks, in full width, and behind what some take for the end of a field. */
const FORMULA = /^[\s;|]*[=+\-@%\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u;

/**
 * Text that a spreadsheet would take for a formula gets an apostrophe before it: what is told may come from strangers.
 * Source: https://owasp.org/www-community/attacks/CSV_Injection
 */
function field(cell: Cell): string {
  const text = typeof cell === 'string' && FORMULA.test(cell) ? `'${cell}` : String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The route also answers in CSV, to those who rather take that (`Accept: text/csv`), as the attachment `name`. */
export class CsvInterceptor<Answer> implements NestInterceptor<Answer, Answer | string> {
  constructor(
    private readonly name: string,
    private readonly toTable: (answer: Answer, query: Request['query']) => Table,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<Answer>): Observable<Answer | string> {
    const http = context.switchToHttp();
    const [req, res] = [http.getRequest<Request>(), http.getResponse<Response>()];
    res.vary('accept');
    if (req.accepts('application/json', 'text/csv') !== 'text/csv') return next.handle();
    return next.handle().pipe(
      map((answer) => {
        res.attachment(this.name).type('text/csv');
        return toCsv(this.toTable(answer, req.query));
      }),
    );
  }
}
