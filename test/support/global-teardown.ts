import { realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface TestServer {
  server: { stop(): Promise<void> };
  dataDir: string;
}

export default async function globalTeardown(): Promise<void> {
  const { parleyTestServer } = globalThis as unknown as { parleyTestServer: TestServer };
  const { server, dataDir } = parleyTestServer;
  await server.stop();
  rmSync(realpathSync(join(dataDir)), { recursive: true, force: true });
}
