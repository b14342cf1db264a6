-- +goose Up
CREATE TABLE logistics_shipments (
  id        TEXT    PRIMARY KEY,
  order_id  TEXT    NOT NULL UNIQUE,
  user_id   TEXT    NOT NULL,
  state     TEXT    NOT NULL CHECK (state IN ('pending', 'booked', 'delivered', 'cancelled')),
  claimed   BOOLEAN NOT NULL, -- the carrier may know of it
  service   TEXT    NOT NULL,
  address   TEXT    NOT NULL,
  weight    BIGINT  NOT NULL,
  reference TEXT    NOT NULL,
  due       BIGINT  NOT NULL, -- 0 until the order is confirmed
  version   BIGINT  NOT NULL,
  created   BIGINT  NOT NULL,
  updated   BIGINT  NOT NULL
);
CREATE INDEX logistics_shipments_due ON logistics_shipments (due) WHERE state = 'pending' AND due > 0;
CREATE TABLE logistics_cursor (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  sequence BIGINT  NOT NULL
);
