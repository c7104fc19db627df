import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';

/** What stands in place of a password that is shown. */
export const MASK = '******';

const SECRET_KEYS = new Set(['password', 'ssl-key', 'ssl-key-content', 'ssl-key-bytes']);

/**
 * A configuration file's text with its passwords replaced, order kept, comments dropped. Aliases are followed: a secret that is
 * written at an anchor is replaced there. Text that is not YAML comes back empty rather than in the clear.
 */
export function maskSecrets(text: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return '';
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || !SECRET_KEYS.has(String(pair.key.value))) return;
      const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
      if (isScalar(value) && value.value !== null && value.value !== '') {
        value.value = MASK;
        delete value.source;
        value.type = 'QUOTE_DOUBLE';
      } else if (isMap(value) || isSeq(value)) {
        pair.value = document.createNode(MASK);
      }
    },
  });
  // A comment may hold an old password, so none is shown.
  visit(document, (_key, node) => {
    if (isNode(node)) node.comment = node.commentBefore = null;
  });
  document.comment = document.commentBefore = null;
  return document.toString({ lineWidth: 0 });
}
