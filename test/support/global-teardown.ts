import { rmSync } from 'node:fs';

interface TestServer {
  server: { stop(): Promise<void> };
  dirs: string[];
}

export default async function globalTeardown(): Promise<void> {
  const { parleyTestServer } = globalThis as unknown as { parleyTestServer: TestServer };
  const { server, dirs } = parleyTestServer;
  await server.stop();
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
}
