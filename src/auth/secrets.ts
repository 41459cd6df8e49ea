import { createHash, hash, randomBytes } from 'node:crypto';

/** 256 random bits as 43 characters of base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What is stored of a secret. Secrets of 256 random bits need no salt and no slow hash. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The same as text, to look it up by. */
export const hashSecretToText = (secret: string): string => hash('sha256', secret, 'base64url');

const API_KEY = /^parley_[A-Za-z0-9_-]{43}$/;
const SHOWN_CHARACTERS = 13;

export const newApiKey = (): string => `parley_${newSecret()}`;
export const looksLikeApiKey = (text: string): boolean => API_KEY.test(text);
/** What people recognise a key by. */
export const apiKeyPrefix = (key: string): string => key.slice(0, SHOWN_CHARACTERS);
