import { type CallEvent } from '../calls/calls.types';
import { type CitationDto } from './native.types';

/** What every surface turns into its wire format. */
export type ChatEvent = CallEvent | { type: 'citation'; citation: CitationDto };
