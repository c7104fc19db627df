import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from './contract.js';

const KEYS = {
  task: defineSearchAttributeKey(SEARCH_ATTRIBUTES.task, SearchAttributeType.KEYWORD),
  source: defineSearchAttributeKey(SEARCH_ATTRIBUTES.source, SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, SearchAttributeType.KEYWORD),
  unit: defineSearchAttributeKey(SEARCH_ATTRIBUTES.unit, SearchAttributeType.KEYWORD),
};

/** What a workflow shows in lists and filters of the Web UI. */
export type Labels = Partial<Record<keyof typeof SEARCH_ATTRIBUTES, string>>;

/**
 * Keeps a workflow's search attributes and its current details (Markdown, shown by the Web UI) as told, writing only what
 * has changed: each write of an attribute is an event in history.
 */
export class Billboard {
  private shown: Labels;
  private details = '';

  /** @param shown the attributes that an earlier run of the same workflow has set */
  constructor(shown: Labels = {}) {
    this.shown = shown;
  }

  show(labels: Labels, details: string): void {
    const updates: SearchAttributeUpdatePair[] = [];
    for (const name of ['task', 'source', 'stage', 'unit'] as const) {
      const value = labels[name];
      if (value === undefined || value === this.shown[name]) continue;
      updates.push({ key: KEYS[name], value });
      this.shown = { ...this.shown, [name]: value };
    }
    if (updates.length > 0) upsertSearchAttributes(updates);
    if (details !== this.details) setCurrentDetails(details);
    this.details = details;
  }
}
