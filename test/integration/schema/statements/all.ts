import type { StatementGroup } from './group.js';
import { TYPE_GROUPS } from './types.js';

/** All listed statements. */
export const STATEMENT_GROUPS: StatementGroup[] = [...TYPE_GROUPS];
