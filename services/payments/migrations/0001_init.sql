CREATE TABLE payments (
  order_id     TEXT PRIMARY KEY,
  status       TEXT NOT NULL CHECK (status IN ('captured', 'failed', 'refunded', 'void')),
  reason       TEXT,
  amount_cents INTEGER,
  currency     TEXT,
  charge_id    TEXT,
  -- 1: the provider is still to be told that nothing may be held for this order.
  release_due  INTEGER NOT NULL DEFAULT 0 CHECK (release_due IN (0, 1)),
  updated_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX payments_release_due ON payments (updated_at) WHERE release_due = 1;
