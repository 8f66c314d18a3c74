CREATE TABLE products (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
  currency    TEXT NOT NULL,
  -- Name and description without case and accents; what search looks at.
  folded      TEXT NOT NULL
) STRICT;

-- Trigrams find any part of a word of three letters or more.
CREATE VIRTUAL TABLE products_search USING fts5 (
  folded,
  content = 'products',
  content_rowid = 'seq',
  tokenize = 'trigram case_sensitive 1'
);

CREATE TRIGGER products_search_insert AFTER INSERT ON products BEGIN
  INSERT INTO products_search (rowid, folded) VALUES (new.seq, new.folded);
END;

CREATE TRIGGER products_search_delete AFTER DELETE ON products BEGIN
  INSERT INTO products_search (products_search, rowid, folded) VALUES ('delete', old.seq, old.folded);
END;

CREATE TRIGGER products_search_update AFTER UPDATE OF folded ON products BEGIN
  INSERT INTO products_search (products_search, rowid, folded) VALUES ('delete', old.seq, old.folded);
  INSERT INTO products_search (rowid, folded) VALUES (new.seq, new.folded);
END;
