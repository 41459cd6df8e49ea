import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type PageSpan } from './parsed.types';
import { type Passage } from './search.types';

@Injectable()
export class PassagePagesRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** The pages that passages reach into, by the passage's place in the list. */
  find(workspaceId: string, passages: readonly Passage[]): Promise<{ place: number; page: PageSpan }[]> {
    return this.db.query(
      `SELECT asked.place::int - 1 AS place, page
       FROM unnest($2::uuid[], $3::int[], $4::int[]) WITH ORDINALITY AS asked (document_id, start_at, end_at, place)
       JOIN documents d ON d.id = asked.document_id AND d.workspace_id = $1
       JOIN document_texts t ON t.document_id = d.id
       CROSS JOIN jsonb_array_elements(t.pages) AS page
       WHERE (page ->> 'start')::int < asked.end_at AND (page ->> 'end')::int > asked.start_at`,
      [
        workspaceId,
        passages.map(({ documentId }) => documentId),
        passages.map(({ start }) => start),
        passages.map(({ end }) => end),
      ],
    );
  }
}
