CREATE TABLE notifications (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL,
  type       TEXT NOT NULL,
  -- The order or user it is about. An event replayed after years still finds its notification here.
  subject_id TEXT NOT NULL,
  message    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (type, subject_id)
) STRICT;

CREATE INDEX notifications_by_user ON notifications (user_id, id);
