/**
 * How well documents are found: recall@5 and MRR@10 of text, vector and hybrid search with `local/hash-384`, over the
 * documentation of four npm packages and questions whose answers were looked up by hand. Every second question serves to
 * choose the weight of vectors and the threshold of evidence, the others judge. All over HTTP, on the built service with
 * its embedded PostgreSQL; the packages are fetched from the registry.
 * Usage: npm run eval:rag [-- --url http://localhost:3000 --token … --strategy heading --size 512 --misses]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fetchDocuments, titleOf } from './rag-eval/corpus.mjs';
import { fused, judge, printTable, rankOf } from './rag-eval/measures.mjs';
import { openParley } from './rag-eval/parley.mjs';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    strategy: { type: 'string', default: 'recursive' },
    size: { type: 'string', default: '512' },
    misses: { type: 'boolean', default: false },
  },
});
const read = (file) => JSON.parse(readFileSync(new URL(`rag-eval/${file}`, import.meta.url), 'utf8'));
const questions = read('questions.json').map(([path, question, phrase]) => ({
  document: titleOf(path),
  question,
  phrase,
}));
const chosenBy = questions.filter((_, i) => i % 2 === 0);
const judgedBy = questions.filter((_, i) => i % 2 === 1);
const MODES = ['text', 'vector', 'hybrid'];
/** Passages asked for, and those that are fused here. */
const SHOWN = 10;
const DEEP = 50;
const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1];
/** As the service judges it where no reranker does. */
const evidenceOf = ({ text_score, vector_score }) => Math.max(text_score ?? 0, vector_score ?? 0);
const best = (passages) => Math.max(0, ...passages.map(evidenceOf));

const documents = await fetchDocuments();
const parley = await openParley(values);
try {
  const collection = await parley.collection({ strategy: values.strategy, size: Number(values.size) });
  const indexed = await parley.index(collection, documents);
  console.log(indexed);

  const found = new Map();
  const look = async (one) => {
    const [text, vector, hybrid] = await Promise.all(
      MODES.map((mode) => parley.search(collection, one.question, mode, SHOWN)),
    );
    const [deepText, deepVector] = await Promise.all(
      ['text', 'vector'].map((mode) => parley.search(collection, one.question, mode, DEEP)),
    );
    found.set(one, { text, vector, hybrid, deepText, deepVector });
  };
  for (const one of questions) await look(one);
  const rows = (set) => MODES.map((mode) => [mode, judge(set, (one) => found.get(one)[mode])]);
  printTable(`${chosenBy.length} questions that choose`, rows(chosenBy));
  printTable(`${judgedBy.length} questions that judge`, rows(judgedBy));
  printTable(
    'weight of vectors, fused here (questions that choose)',
    WEIGHTS.map((weight) => [
      String(weight),
      judge(chosenBy, (one) => fused(found.get(one).deepText, found.get(one).deepVector, weight)),
    ]),
  );

  const strangers = [];
  for (const question of read('strangers.json'))
    strangers.push(best(await parley.search(collection, question, 'hybrid', SHOWN)));
  const known = chosenBy.map((one) => best(found.get(one).hybrid));
  const right = chosenBy.flatMap((one) => {
    const passage = found.get(one).hybrid[rankOf(one, found.get(one).hybrid) - 1];
    return passage ? [evidenceOf(passage)] : [];
  });
  const share = (list, least) => `${Math.round((100 * list.filter((value) => value >= least).length) / list.length)} %`;
  console.log('\nevidence     best passage   the right passage   best passage, questions about something else');
  for (const least of [0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5])
    console.log(
      `>= ${least.toFixed(2).padEnd(10)}${share(known, least).padEnd(15)}${share(right, least).padEnd(20)}${share(strangers, least)}`,
    );
  if (values.misses)
    for (const one of questions.filter((each) => rankOf(each, found.get(each).hybrid) > 5))
      console.log(`not found: ${one.question} (${one.document}: ${one.phrase})`);

  console.log(await parley.checkAnswers(collection, questions));
} finally {
  await parley.close();
}
