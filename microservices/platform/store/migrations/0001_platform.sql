-- +goose Up
CREATE TABLE platform_outbox (
  seq     @serial@,
  id      TEXT   NOT NULL UNIQUE,
  subject TEXT   NOT NULL,
  body    TEXT   NOT NULL,
  writer  TEXT   NOT NULL, -- the instance that relays it, while it lives
  written BIGINT NOT NULL
);
CREATE TABLE platform_inbox (
  consumer TEXT   NOT NULL,
  event_id TEXT   NOT NULL,
  handled  BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX platform_inbox_handled ON platform_inbox (handled);
CREATE TABLE platform_duties (
  name   TEXT   PRIMARY KEY,
  holder TEXT   NOT NULL,
  until  BIGINT NOT NULL
);
