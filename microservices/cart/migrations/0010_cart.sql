-- +goose Up
CREATE TABLE cart_carts (
  user_id TEXT   PRIMARY KEY, -- never deleted: a version that was once ordered must not come again
  version BIGINT NOT NULL,
  items   TEXT   NOT NULL
);
-- What was done under a key or for an order, so that it is not done again. Kept as long as the cart: a dead letter may be played days later.
CREATE TABLE cart_additions (
  user_id      TEXT NOT NULL,
  addition_key TEXT NOT NULL,
  product_id   TEXT NOT NULL,
  PRIMARY KEY (user_id, addition_key)
);
CREATE TABLE cart_orders (
  order_id TEXT PRIMARY KEY,
  user_id  TEXT NOT NULL
);
