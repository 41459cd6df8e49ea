/** Of text-embedding-3-small, in picodollars for a token. */
const PICO_PER_TOKEN = 20_000n;
/** An answer that came so long before its worker was killed was stored. */
const STORING_MS = 1_000;

const pico = (usd) => BigInt(usd.replace('.', '')); // twelve decimals, as Postgres has it
const usd = (amount) => (Number(amount) / 1e12).toFixed(8);

/** Compares what the documents cost with the ledger, and the ledger with what the provider was asked. Returns it in words. */
export async function checkLedger(database, { collection, documents, asked, takenOver }, soak) {
  const { rows } = await database.query(
    `SELECT u.request_id, u.outcome, u.input_tokens::int AS tokens, u.cost_usd AS cost
     FROM usage u JOIN collections c USING (workspace_id) WHERE c.id = $1 AND u.kind = 'indexing'`,
    [collection],
  );
  const isCut = new Set(takenOver.map(({ documentId, jobVersion }) => `${documentId}-${jobVersion}`));
  const interrupted = rows.filter(({ outcome }) => outcome === 'interrupted');
  for (const { request_id } of interrupted)
    if (!isCut.has(request_id)) soak.violated(`request ${request_id} was interrupted`);
  for (const { cost, tokens } of rows)
    if (pico(cost) !== BigInt(tokens) * PICO_PER_TOKEN) soak.violated(`${tokens} tokens were billed ${cost}`);

  const byDocument = Map.groupBy(rows, ({ request_id }) => request_id.slice(0, 36));
  for (const { id, title, cost } of documents) {
    const billed = picoOf(byDocument.get(id) ?? []);
    if (pico(cost) !== billed) soak.violated(`${title} says it cost ${cost}, and was billed ${usd(billed)}`);
  }

  const requests = Map.groupBy(asked, ({ requestId }) => requestId);
  const billed = Map.groupBy(rows, ({ request_id }) => request_id);
  let neverSent = 0;
  for (const [id, mine] of billed) {
    const sent = requests.get(id) ?? [];
    if (!isCut.has(id) && tokensOf(mine) !== tokensOf(sent))
      soak.violated(`request ${id} was billed ${tokensOf(mine)} tokens, and the provider counted ${tokensOf(sent)}`);
    if (mine.length > sent.length) neverSent += mine.length - sent.length;
  }
  for (const [id, sent] of requests) {
    const rest = sent.length - (billed.get(id)?.length ?? 0);
    if (rest > 0) soak.violated(`${rest} × request ${id} reached the provider and was not billed`);
  }
  if (neverSent > interrupted.length) soak.violated(`${neverSent} requests were billed and never reached the provider`);

  return [
    `the ledger has ${usd(picoOf(rows))} USD in ${rows.length} rows, documents say ${usd(picoOf(documents))} USD`,
    `${interrupted.length} rows are estimates for requests whose worker died (${usd(picoOf(interrupted))} USD)`,
    `the provider was asked ${asked.length} times for ${tokensOf(asked)} tokens, of which ${tokensOf(rows)} were billed`,
    `${neverSent} requests were billed and not sent`,
  ].join('; ');
}

const picoOf = (list) => list.reduce((all, { cost }) => all + pico(cost), 0n);
const tokensOf = (list) => list.reduce((all, { tokens }) => all + tokens, 0);

/** Texts the provider was asked for more than once: by documents at the same time, or because a worker died. */
export function checkRepetitions(asked, kills, takenOver, soak) {
  const isCut = new Set(takenOver.map(({ documentId, jobVersion }) => `${documentId}-${jobVersion}`));
  const last = new Map();
  const counts = { once: 0, 'at the same time': 0, 'again after a kill': 0 };
  for (const request of asked) {
    for (const text of request.texts) {
      const before = last.get(text);
      last.set(text, request);
      if (!before) counts.once++;
      else if (inFlight(before, kills, isCut)) counts['again after a kill']++;
      else if (before.answeredAt + STORING_MS >= request.at) counts['at the same time']++;
      else {
        const ago = request.at - before.answeredAt;
        soak.violated(`asked again by ${request.requestId} for what ${before.requestId} was told ${ago} ms before`);
      }
    }
  }
  return counts;
}

/** When its worker was killed it had no answer, or had only just got it. */
const inFlight = ({ requestId, answeredAt }, kills, isCut) =>
  isCut.has(requestId) &&
  (answeredAt === null || kills.some((kill) => answeredAt >= kill - STORING_MS && answeredAt <= kill + STORING_MS));
