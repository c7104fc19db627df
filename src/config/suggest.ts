/**
 * `; did you mean "threads"?` when a known word is close to the one that was typed, `''` otherwise. A word counts as
 * close when at most a third of it has to change.
 */
export function suggest(typed: string, known: readonly string[]): string {
  let best = '';
  let bestDistance = Infinity;
  for (const word of known) {
    const distance = editDistance(normal(typed), normal(word));
    if (distance < bestDistance) [best, bestDistance] = [word, distance];
  }
  const allowed = Math.max(1, Math.floor(Math.max(typed.length, best.length) / 3));
  return bestDistance <= allowed ? `; did you mean "${best}"?` : '';
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  // A long key cannot be a typo of a short one; this also bounds the work on hostile input.
  if (Math.abs(from.length - to.length) > 64) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      let cost = Math.min(last[j] + 1, current[j - 1] + 1, last[j - 1] + change);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2] + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length];
}

function normal(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}
