export type FilterValue = string | number | boolean;
export type FilterRange = 'gt' | 'gte' | 'lt' | 'lte';

/** `metadata`: a key of the document's metadata, else a property of the document itself. */
export interface FilterField {
  name: string;
  metadata: boolean;
}

/** A condition on documents, checked. `FilterCodec` reads it from JSON. */
export type Filter =
  | { op: 'and' | 'or'; of: readonly Filter[] }
  | { op: 'not'; of: Filter }
  | { op: 'in'; field: FilterField; values: readonly FilterValue[] }
  | { op: FilterRange; field: FilterField; value: string | number }
  | { op: 'exists'; field: FilterField };
