import { PRIORITY_LIMIT } from 'bullmq';

/** Of the job of something that waits in turn; BullMQ takes the lowest first. */
export const priorityOf = ({ turn }: { turn: number }): number => Math.min(turn, PRIORITY_LIMIT);
