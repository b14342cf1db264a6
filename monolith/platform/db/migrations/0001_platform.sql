-- +goose Up
CREATE TABLE platform_outbox (
  seq     @serial@,
  id      TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL
);
CREATE TABLE platform_replays (
  user_id     TEXT   NOT NULL,
  operation   TEXT   NOT NULL,
  key         TEXT   NOT NULL,
  fingerprint TEXT   NOT NULL,
  created     BIGINT NOT NULL,
  PRIMARY KEY (user_id, operation, key)
);
