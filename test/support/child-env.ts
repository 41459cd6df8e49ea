/** What a process of ours needs of this one's environment. What one of them has compiled the next need not compile again. */
export const childEnv = (): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  TMPDIR: process.env['TMPDIR'],
  NODE_COMPILE_CACHE: process.env['TEST_COMPILE_CACHE'],
});
