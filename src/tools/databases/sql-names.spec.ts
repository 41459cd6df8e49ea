import { namesOf } from './sql-names';

const called = (sql: string) => namesOf(sql).called;

describe('what a statement names', () => {
  it('are its identifiers, in lower case unless quoted', () => {
    expect(namesOf('SELECT O.Id, count(*) FROM "Sales"."Orders ""X""" AS o -- where pg_sleep(1)')).toEqual({
      all: ['select', 'o', 'id', 'count', 'from', 'Sales', 'Orders "X"', 'as', 'o'],
      qualifiers: ['o', 'Sales'],
      called: ['count'],
    });
  });

  it.each([
    ["SELECT 'pg_sleep(1)'", []],
    ["SELECT 'it''s' , f(1)", ['f']],
    ["SELECT 'a\\', f(1), ''", ['f']],
    ["SELECT E'a\\'', f(1)", ['f']],
    ["SELECT e'\\\\', f(1)", ['f']],
    ["SELECT N'\\', f(1)", ['f']],
    ['SELECT $$ f(1) $$, g(1)', ['g']],
    ['SELECT $x$ $$ f(1) $x$, g(1)', ['g']],
    ['SELECT a$x$b, g(1)', ['g']],
    ['SELECT /* /* f( */ g( */ h(1)', ['h']],
    ['SELECT f/**/\n--x\n(1)', ['f']],
    ['SELECT "F" (1)', ['F']],
    ['SELECT a./*x*/"b" . c (1)', ['c']],
    ['SELECT $1, f(1)', ['f']],
    ['SELECT 1.f(2)', ['f']],
    ['SELECT 1e5, é(1)', ['é']],
  ])('are found as PostgreSQL finds them: %s', (sql, functions) => {
    expect(called(sql)).toEqual(functions);
  });

  it.each([
    ['SELECT 1; SELECT 2', /one statement/],
    ['SELECT 1;', /semicolon/],
    ['SELECT 1) AS q, (SELECT 2', /closes nothing/],
    ['SELECT (1', /not closed/],
    ["SELECT 'a", /does not end/],
    ['SELECT "a', /does not end/],
    ['SELECT $$a', /does not end/],
    ['SELECT /* a', /does not end/],
    ["SELECT E'a\\", /does not end/],
    ['SELECT U&"pg\\005fsleep"(1)', /U&/],
    ["SELECT E'a'\n'b\\' ' , pg_sleep(1) --'", /several parts/],
    ["SELECT E'a' -- x\n'b'", /several parts/],
  ])('are not guessed: %j', (sql, message) => expect(() => namesOf(sql)).toThrow(message));
});
