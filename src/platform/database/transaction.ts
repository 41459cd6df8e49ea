import { type EntityManager } from 'typeorm';

/** A transaction under way, handed on to those whose statements belong to it. */
export type Transaction = Pick<EntityManager, 'query'>;
