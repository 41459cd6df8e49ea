import { type Request } from 'express';
import { type Table } from '../platform/common/http/csv';
import { MEASURE_NAMES } from './usage-measures';
import { type UsageHistoryDto, type UsageReportDto } from './usage.dto';

const grouped = ({ group_by }: Request['query']) => (typeof group_by === 'string' ? [group_by] : []);

/** A row for each group; one of totals when not grouped. */
export const reportTable = ({ totals, data }: UsageReportDto, query: Request['query']): Table => ({
  columns: [...grouped(query), ...MEASURE_NAMES],
  rows: (query['group_by'] ? data : [totals]).map((row) => ({ ...row })),
});

/** A row for each point. */
export const historyTable = ({ data }: UsageHistoryDto, query: Request['query']): Table => ({
  columns: ['at', ...grouped(query), ...MEASURE_NAMES],
  rows: data.map((row) => ({ ...row })),
});
