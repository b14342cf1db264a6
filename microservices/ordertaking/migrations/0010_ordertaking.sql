-- +goose Up
CREATE TABLE ordertaking_orders (
  id              TEXT   PRIMARY KEY,
  user_id         TEXT   NOT NULL,
  idempotency_key TEXT   NOT NULL,
  fingerprint     TEXT   NOT NULL,
  cart_version    BIGINT NOT NULL, -- what lies in a cart at one version can be ordered once
  state           TEXT   NOT NULL,
  reason          TEXT   NOT NULL,
  lines           TEXT   NOT NULL,
  subtotal        BIGINT NOT NULL,
  shipping        BIGINT NOT NULL,
  total           BIGINT NOT NULL,
  currency        TEXT   NOT NULL,
  address         TEXT   NOT NULL,
  service         TEXT   NOT NULL,
  weight          BIGINT NOT NULL,
  payment_id      TEXT   NOT NULL,
  shipment_id     TEXT   NOT NULL,
  version         BIGINT NOT NULL,
  created         BIGINT NOT NULL,
  updated         BIGINT NOT NULL,
  UNIQUE (user_id, idempotency_key),
  UNIQUE (user_id, cart_version)
);
CREATE INDEX ordertaking_orders_user ON ordertaking_orders (user_id, id DESC);
CREATE INDEX ordertaking_orders_pending ON ordertaking_orders (id) WHERE state = 'pending';
