-- +goose Up
CREATE TABLE orderprocessing_events (
  order_id TEXT   NOT NULL,
  sequence BIGINT NOT NULL,
  state    TEXT   NOT NULL,
  detail   TEXT   NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (order_id, sequence)
);
