const RRF = 60;
const plain = (text) => text.replace(/\s+/g, ' ').toLowerCase();

/** Rank of the first passage of the right document that says the phrase, from 1; Infinity when it is not among them. */
export function rankOf({ document, phrase }, results) {
  const said = plain(phrase);
  const at = results.findIndex(({ title, text }) => title === document && plain(text).includes(said));
  return at === -1 ? Infinity : at + 1;
}

/** recall@1, recall@5 and MRR@10. */
export function judge(questions, resultsOf) {
  const ranks = questions.map((one) => rankOf(one, resultsOf(one)));
  const mean = (value) => ranks.reduce((sum, rank) => sum + value(rank), 0) / ranks.length;
  return {
    'recall@1': mean((rank) => (rank <= 1 ? 1 : 0)),
    'recall@5': mean((rank) => (rank <= 5 ? 1 : 0)),
    'MRR@10': mean((rank) => (rank <= 10 ? 1 / rank : 0)),
  };
}

/** Two rankings as one: sums of weighted reciprocal ranks. A passage of the one that overlaps one of the other is the same. */
export function fused(text, vector, weight) {
  const scored = text.map((one, i) => ({ one, score: 1 / (RRF + i + 1), both: false }));
  for (const [i, one] of vector.entries()) {
    const score = weight / (RRF + i + 1);
    const same = scored.find((other) => !other.both && overlap(other.one, one));
    if (same) Object.assign(same, { score: same.score + score, both: true });
    else scored.push({ one, score, both: true });
  }
  return scored.sort((a, b) => b.score - a.score).map(({ one }) => one);
}

const overlap = (a, b) => a.document_id === b.document_id && a.start < b.end && b.start < a.end;

export function printTable(title, rows) {
  const columns = Object.keys(rows[0][1]);
  console.log(`\n${title}\n${''.padEnd(10)}${columns.map((name) => name.padStart(10)).join('')}`);
  for (const [name, values] of rows)
    console.log(`${name.padEnd(10)}${columns.map((column) => values[column].toFixed(3).padStart(10)).join('')}`);
}
