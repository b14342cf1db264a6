-- +goose Up
CREATE TABLE cart_carts (
  user_id TEXT   PRIMARY KEY,
  version BIGINT NOT NULL,
  items   TEXT   NOT NULL
);
