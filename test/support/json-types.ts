/** SELECT of the type and text of every value of the documents `docs.doc`, by `docs.id` and place. */
export const JSON_TYPES = `
  WITH RECURSIVE paths (id, path, v) AS (
    SELECT id, CAST('$' AS CHAR(500)), doc FROM docs
    UNION ALL
    SELECT p.id, CONCAT(p.path, '.', JSON_QUOTE(k.name)), JSON_EXTRACT(p.v, CONCAT('$.', JSON_QUOTE(k.name)))
      FROM paths p, JSON_TABLE(IF(JSON_TYPE(p.v) = 'OBJECT', JSON_KEYS(p.v), '[]'), '$[*]'
        COLUMNS (name VARCHAR(100) PATH '$')) k
    UNION ALL
    SELECT p.id, CONCAT(p.path, '[', k.n - 1, ']'), JSON_EXTRACT(p.v, CONCAT('$[', k.n - 1, ']'))
      FROM paths p, JSON_TABLE(IF(JSON_TYPE(p.v) = 'ARRAY', p.v, '[]'), '$[*]' COLUMNS (n FOR ORDINALITY)) k
  )
  SELECT id, path, JSON_TYPE(v) AS type, CAST(v AS CHAR) AS text FROM paths ORDER BY id, path`;
