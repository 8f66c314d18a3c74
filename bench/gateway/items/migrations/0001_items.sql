CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  price_cents INTEGER NOT NULL
) STRICT;
WITH RECURSIVE numbers(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM numbers WHERE id < 500)
INSERT INTO items SELECT id, 'Item ' || id, 'What one would say about item ' || id || ' in a sentence or two.', id * 10
FROM numbers;
