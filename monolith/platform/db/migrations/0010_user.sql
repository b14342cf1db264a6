-- +goose Up
CREATE TABLE user_accounts (
  id       TEXT    PRIMARY KEY,
  email    TEXT    NOT NULL UNIQUE,
  name     TEXT    NOT NULL,
  role     TEXT    NOT NULL,
  password TEXT    NOT NULL,
  address  TEXT    NOT NULL,
  seeded   BOOLEAN NOT NULL,
  created  BIGINT  NOT NULL
);
CREATE TABLE user_keys (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  private TEXT    NOT NULL
);
