import { ValidateIf } from 'class-validator';

/** A field that may be absent, but is not null: null is refused as whatever it is not. */
export const IfGiven = () => ValidateIf((_, value: unknown) => value !== undefined);
