-- +goose Up
CREATE TABLE orderprocessing_sagas (
  order_id TEXT   PRIMARY KEY,
  placed   TEXT   NOT NULL, -- the order as it was placed
  state    TEXT   NOT NULL, -- of the machine
  version  BIGINT NOT NULL, -- of the state: it is written over the version before alone
  sequence BIGINT NOT NULL, -- of the order's last event
  updated  BIGINT NOT NULL, -- time of that event
  due      BIGINT NOT NULL  -- when to look again; 0 when nothing is left to do by us
);
CREATE INDEX orderprocessing_sagas_due ON orderprocessing_sagas (due) WHERE due > 0;
CREATE TABLE orderprocessing_events (
  order_id TEXT   NOT NULL,
  sequence BIGINT NOT NULL,
  state    TEXT   NOT NULL,
  detail   TEXT   NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (order_id, sequence)
);
