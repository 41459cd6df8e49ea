import { ToolError } from '../tools.errors';

/** What a statement names, without knowing what it means. Unquoted names are in lower case, as PostgreSQL has them. */
export interface SqlNames {
  /** Every identifier and keyword. */
  all: string[];
  /** Those with a dot after them: schemas, tables, aliases. */
  qualifiers: string[];
  /** Those with a parenthesis after them: functions, and some keywords. */
  called: string[];
}

/** No others: PostgreSQL takes them for letters. */
const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const IDENTIFIER = /[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/iy;
const QUOTED = /"((?:[^"]|"")*)"/y;
const STRING = /'(?:[^']|'')*'/y;
const ESCAPE_STRING = /'(?:[^'\\]|''|\\[\s\S])*'/y;
const CONTINUED = /(?:\s|--[^\n\r]*[\n\r])*'/y;
const DOLLAR_QUOTE = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy;

/**
 * Splits one statement into what PostgreSQL's lexer would (chapter 4.1 of its manual), given that
 * `standard_conforming_strings` is on. Throws ToolError for what can't be told apart with certainty, for more than one
 * statement, and for parentheses that close what they have not opened.
 */
export function namesOf(sql: string): SqlNames {
  const names: SqlNames = { all: [], qualifiers: [], called: [] };
  const seen = { last: null as string | null };
  let depth = 0;
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found) at += found[0].length;
    return found;
  };
  const name = (value: string) => {
    names.all.push(value);
    seen.last = value;
  };
  while (at < sql.length) {
    if (match(SPACE) || match(LINE_COMMENT)) continue;
    if (sql.startsWith('/*', at)) {
      at = afterComment(sql, at);
      continue;
    }
    const identifier = match(IDENTIFIER)?.[0];
    if (identifier !== undefined) {
      const next = sql[at];
      if (/^u$/i.test(identifier) && next === '&') throw unsure('U& escapes are not supported');
      if (/^e$/i.test(identifier) && next === "'") {
        if (!match(ESCAPE_STRING)) throw unsure('a string does not end');
        if (match(CONTINUED)) throw unsure("a string in several parts after E'…' is not supported");
        seen.last = null;
      } else if (/^[bxn]$/i.test(identifier) && next === "'") seen.last = null;
      else name(identifier.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
      continue;
    }
    const quoted = match(QUOTED);
    if (quoted) {
      name((quoted[1] ?? '').replaceAll('""', '"'));
      continue;
    }
    if (match(STRING)) seen.last = null;
    else if (sql[at] === '"' || sql[at] === "'") throw unsure('a quotation does not end');
    else {
      const dollar = match(DOLLAR_QUOTE)?.[0];
      if (dollar !== undefined) {
        const end = sql.indexOf(dollar, at);
        if (end < 0) throw unsure('a quotation does not end');
        at = end + dollar.length;
        seen.last = null;
        continue;
      }
      const symbol = sql[at++];
      if (symbol === ';') throw unsure('only one statement is executed, without a semicolon');
      if (symbol === '.' && seen.last !== null) names.qualifiers.push(seen.last);
      if (symbol === '(' && seen.last !== null) names.called.push(seen.last);
      if (symbol === '(') depth++;
      if (symbol === ')' && --depth < 0) throw unsure('a parenthesis closes nothing');
      seen.last = null;
    }
  }
  if (depth > 0) throw unsure('a parenthesis is not closed');
  return names;
}

/** Comments nest. */
function afterComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length;) {
    if (sql.startsWith('/*', at)) [depth, at] = [depth + 1, at + 2];
    else if (sql.startsWith('*/', at)) [depth, at] = [depth - 1, at + 2];
    else at++;
    if (depth === 0) return at;
  }
  throw unsure('a comment does not end');
}

const unsure = (why: string) => new ToolError(`This SQL is not executed: ${why}.`);
