import { type RequestHandler } from 'express';
import { DomainError } from '../errors/domain.error';
import { toProblem } from '../errors/problem';
import { requestIdOf } from './request-id';

/** Behind everything else: what no route has answered is a 404 in the one error shape. */
export const unknownRoute: RequestHandler = (req, res) => {
  const path = req.originalUrl.split('?', 1)[0] ?? '';
  const missing = new DomainError('not_found', 'route_not_found', `There is no ${req.method} ${path}.`);
  const { status, error } = toProblem(missing, requestIdOf(req));
  res.status(status).json({ error });
};
