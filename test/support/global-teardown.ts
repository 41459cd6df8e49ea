import { rmSync } from 'node:fs';

interface TestServer {
  server: { stop(): Promise<void> };
  dataDir: string;
}

export default async function globalTeardown(): Promise<void> {
  const { parleyTestServer } = globalThis as unknown as { parleyTestServer: TestServer };
  const { server, dataDir } = parleyTestServer;
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
