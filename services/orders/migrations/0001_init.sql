CREATE TABLE orders (
  id          TEXT PRIMARY KEY,
  user_id     TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'cancelled')),
  reason      TEXT,
  -- [{productId, quantity, priceCents}]: never changes once placed, and is always read as a whole.
  items       TEXT NOT NULL CHECK (json_valid(items)),
  total_cents INTEGER NOT NULL CHECK (total_cents >= 0),
  currency    TEXT NOT NULL,
  -- Grows with each entry of the history; tells watchers that there is something new.
  version     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX orders_by_user ON orders (user_id, id);
CREATE INDEX orders_pending ON orders (created_at) WHERE status = 'pending';

CREATE TABLE order_history (
  seq      INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id),
  type     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  UNIQUE (order_id, type)
) STRICT;

CREATE TABLE idempotency_keys (
  user_id      TEXT NOT NULL,
  key          TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  order_id     TEXT NOT NULL REFERENCES orders (id),
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
