-- available + reserved + sold of a product never changes by an order: it is what was put in stock.
CREATE TABLE stock (
  product_id TEXT PRIMARY KEY,
  available  INTEGER NOT NULL CHECK (available >= 0),
  reserved   INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  sold       INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0)
) STRICT, WITHOUT ROWID;

-- What became of each order here. A row stays, so that whatever comes late or twice finds it.
CREATE TABLE reservations (
  order_id   TEXT PRIMARY KEY,
  status     TEXT NOT NULL CHECK (status IN ('reserved', 'rejected', 'committed', 'released', 'void')),
  -- [{productId, quantity}], as reserved; empty when nothing ever was.
  lines      TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(lines)),
  updated_at INTEGER NOT NULL
) STRICT;
