import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';

const MIN = 8;
const MAX = 256;

/** A password someone chooses: 8 to 256 characters as a person counts them, so at most 1,024 bytes. */
export const IsNewPassword = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String, format: 'password', minLength: MIN, maxLength: MAX, example: 'correct horse battery' }),
    ValidateBy({
      name: 'isNewPassword',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && hasFittingLength(value),
        defaultMessage: () => `$property must be ${MIN} to ${MAX} characters long`,
      },
    }),
  );

function hasFittingLength(text: string): boolean {
  if (text.length > 2 * MAX) return false;
  const characters = [...text].length;
  return characters >= MIN && characters <= MAX;
}
