import { type Scope } from '../search.types';
import { filterSql } from './filter-sql';
import { type Parameters } from './parameters';

/**
 * The one place that says what a search may see: a query for the rows of `indexed_documents`, with `collection_id`, that
 * belong to the current version of a document, published in one of the scope's indexes, of a collection that is there and
 * open to the user. An index in the making is never seen; one that was replaced during a search still is.
 */
export function visibleDocuments({ workspaceId, userId, indexIds, filter }: Scope, parameters: Parameters): string {
  const workspace = `${parameters.add(workspaceId)}::uuid`;
  return `
    SELECT s.id, s.document_id, s.index_id, s.configuration, s.chunks, s.lexemes, i.collection_id
    FROM collection_indexes i
    JOIN collections c ON c.id = i.collection_id
    JOIN indexed_documents s ON s.index_id = i.id
    JOIN document_indexes p ON p.index_id = i.id AND p.document_id = s.document_id
    JOIN documents d ON d.id = s.document_id AND d.collection_id = c.id
    WHERE i.id = ANY (${parameters.add(indexIds)}::uuid[]) AND i.state <> 'building'
      AND c.workspace_id = ${workspace} AND i.workspace_id = ${workspace} AND d.workspace_id = ${workspace}
      AND c.deleted_at IS NULL AND (c.access <> 'private' OR c.user_id = ${parameters.add(userId)}::uuid)
      AND d.current AND d.deleted_at IS NULL
      AND ${filter ? filterSql(filter, parameters) : 'true'}`;
}
