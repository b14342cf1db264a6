-- +goose Up
CREATE TABLE warehouse_stock (
  product_id TEXT   PRIMARY KEY,
  initial    BIGINT NOT NULL,
  on_hand    BIGINT NOT NULL CHECK (on_hand >= 0),
  reserved   BIGINT NOT NULL CHECK (reserved >= 0),
  version    BIGINT NOT NULL,
  CHECK (reserved <= on_hand)
);
CREATE TABLE warehouse_moves (
  seq        @serial@,
  product_id TEXT   NOT NULL,
  kind       TEXT   NOT NULL,
  quantity   BIGINT NOT NULL CHECK (quantity > 0),
  cause      TEXT   NOT NULL,
  at         BIGINT NOT NULL,
  UNIQUE (product_id, kind, cause)
);
CREATE TABLE warehouse_reservations (
  order_id TEXT   PRIMARY KEY,
  state    TEXT   NOT NULL CHECK (state IN ('held', 'kept', 'released', 'committed')),
  items    TEXT   NOT NULL,
  expires  BIGINT NOT NULL, -- of one that is held
  version  BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX warehouse_reservations_held ON warehouse_reservations (expires) WHERE state = 'held';
