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
  id         TEXT   PRIMARY KEY, -- the kid of its tokens
  public     TEXT   NOT NULL,
  private    TEXT   NOT NULL,    -- empty once it is retired
  state      TEXT   NOT NULL CHECK (state IN ('next', 'current', 'retired')),
  created    BIGINT NOT NULL,
  retired_at BIGINT NOT NULL
);
-- Replicas make and turn the ring at once: this is why there is never a second current or next key.
CREATE UNIQUE INDEX user_keys_one ON user_keys (state) WHERE state <> 'retired';
