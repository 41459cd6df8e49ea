import { type StoredDocument } from './documents.types';

/**
 * Headers of bytes somebody uploaded: to be saved, never to be shown or run by a browser that happens to get them.
 * The name is told as RFC 6266 and RFC 8187 want it.
 */
export function contentHeaders({ media_type, bytes, filename, title }: StoredDocument): Record<string, string> {
  const name = (filename ?? title).replaceAll(/[\\/\p{Cc}]/gu, '_');
  const plain = name.replaceAll(/[^\x20-\x7e]|["%]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    'content-type': media_type ?? 'application/octet-stream',
    ...(bytes === null ? {} : { 'content-length': bytes }),
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-cache',
  };
}
