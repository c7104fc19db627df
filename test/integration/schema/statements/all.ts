import { CHARSET_GROUPS } from './charsets.js';
import { COLUMN_GROUPS } from './columns.js';
import type { StatementGroup } from './group.js';
import { KEY_GROUPS } from './keys.js';
import { MODE_GROUPS } from './modes.js';
import { TABLE_GROUPS } from './tables.js';
import { TYPE_GROUPS } from './types.js';

/** All listed statements. */
export const STATEMENT_GROUPS: StatementGroup[] = [
  ...TYPE_GROUPS,
  ...COLUMN_GROUPS,
  ...KEY_GROUPS,
  ...CHARSET_GROUPS,
  ...MODE_GROUPS,
  ...TABLE_GROUPS,
];
