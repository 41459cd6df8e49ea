// Owns an embedded PostgreSQL until SIGTERM, in a process that a test may kill. Says what happens in JSON lines.
// node own-postgres.mjs <built embedded-postgres.js> <data directory>
import { createRequire } from 'node:module';

const [built, dataDir] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify(event));
try {
  const { startEmbeddedPostgres } = createRequire(import.meta.url)(built);
  const postgres = await startEmbeddedPostgres(dataDir, (log) => say({ log }));
  process.once('SIGTERM', () => {
    say({ stopping: true });
    void postgres.stop().then(() => process.exit(0));
  });
  say({ url: postgres.url });
} catch (error) {
  say({ error: error.message, kind: error.name });
  process.exit(1);
}
