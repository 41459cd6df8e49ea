const KEY = /^(?=.{1,512}$)[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/;

/** The key itself. Names that could lead out of the folder, or that S3 writes differently, are a mistake of the caller's. */
export function checkedKey(key: string): string {
  if (!KEY.test(key)) throw new Error(`not a key of a file: ${JSON.stringify(key)}`);
  return key;
}
