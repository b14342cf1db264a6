-- +goose Up
CREATE TABLE payment_payments (
  id       TEXT   PRIMARY KEY,
  order_id TEXT   NOT NULL UNIQUE, -- an order is paid once
  user_id  TEXT   NOT NULL,
  state    TEXT   NOT NULL,
  amount   BIGINT NOT NULL,
  refunded BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= amount),
  currency TEXT   NOT NULL,
  token    TEXT   NOT NULL,
  version  BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE TABLE payment_refunds (
  id         TEXT    PRIMARY KEY,
  payment_id TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  amount     BIGINT  NOT NULL CHECK (amount > 0),
  done       BOOLEAN NOT NULL,
  created    BIGINT  NOT NULL,
  UNIQUE (payment_id, key)
);
CREATE INDEX payment_refunds_open ON payment_refunds (created) WHERE NOT done;
CREATE TABLE payment_ledger (
  seq         @serial@,
  transaction_id TEXT   NOT NULL,
  account     TEXT   NOT NULL,
  amount      BIGINT NOT NULL,
  currency    TEXT   NOT NULL,
  UNIQUE (transaction_id, account)
);
