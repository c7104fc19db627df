/** Order of test files: those that take long begin first, so that none of them runs on alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of more than a minute, longest first. vitest itself goes by the size of a file that it has not seen yet. */
const LONG = [
  'e2e/fault-points',
  'e2e/outages',
  'e2e/random-kills',
  'e2e/isolation',
  'e2e/scenarios/one-source',
  'workflows/lifecycle',
  'sync/crash',
  'sync/big',
  'cli/dmctl',
  'sync/many-tables',
  'schema/statements',
  'workflows/failover',
].map((name) => `/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((end) => moduleId.endsWith(end));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).sort(
      (a, b) => a.project.config.sequence.groupOrder - b.project.config.sequence.groupOrder || rank(a) - rank(b),
    );
  }
}
