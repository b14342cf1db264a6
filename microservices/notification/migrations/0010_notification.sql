-- +goose Up
CREATE TABLE notification_messages (
  id       TEXT   PRIMARY KEY,
  user_id  TEXT   NOT NULL,
  kind     TEXT   NOT NULL,
  cause    TEXT   NOT NULL,
  order_id TEXT   NOT NULL,
  subject  TEXT   NOT NULL,
  body     TEXT   NOT NULL,
  read_at  BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  UNIQUE (user_id, kind, cause)
);
CREATE INDEX notification_messages_user ON notification_messages (user_id, id DESC);
