CREATE TABLE greetings (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  sent_at INTEGER NOT NULL
);

CREATE INDEX greetings_by_time ON greetings (sent_at);
