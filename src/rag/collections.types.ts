import { type Chunking } from './chunks.types';

/** Who besides its owner reads a collection, and who writes to it. */
export const ACCESS = ['private', 'workspace', 'read_only'] as const;
export type Access = (typeof ACCESS)[number];

/** How the documents of a collection are indexed. */
export interface IndexSettings {
  embeddingModel: string;
  /** Null until the model has been asked once. */
  dimensions: number | null;
  chunking: Chunking;
}

/** The index that will take the place of the active one. */
export interface BuildingIndex {
  embedding_model: string;
  chunking: Chunking;
  /** Documents that are in it. */
  indexed: number;
  error_code: string | null;
  error: string | null;
  next_attempt_at: string | null;
}

/** A collection as it is read, with its indexes. */
export interface StoredCollection {
  id: string;
  name: string;
  user_id: string;
  access: Access;
  created_at: Date;
  updated_at: Date;
  embedding_model: string;
  dimensions: number | null;
  chunking: Chunking;
  /** Those that are searched. */
  documents: number;
  building: BuildingIndex | null;
}

export interface CollectionChange {
  name?: string;
  access?: Access;
  /** How documents are to be indexed from now on. */
  index?: IndexSettings;
}
