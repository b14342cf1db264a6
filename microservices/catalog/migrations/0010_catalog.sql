-- +goose Up
CREATE TABLE catalog_products (
  id          TEXT    PRIMARY KEY,
  sku         TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL,
  category    TEXT    NOT NULL,
  price       BIGINT  NOT NULL CHECK (price > 0),
  currency    TEXT    NOT NULL,
  weight      BIGINT  NOT NULL,
  on_sale     BOOLEAN NOT NULL,
  version     BIGINT  NOT NULL,
  created     BIGINT  NOT NULL,
  updated     BIGINT  NOT NULL
);
CREATE INDEX catalog_products_category ON catalog_products (category, id) WHERE on_sale;
CREATE TABLE catalog_checkpoint (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  "cursor"   TEXT    NOT NULL,
  backfilled BOOLEAN NOT NULL
);
