-- +goose Up
CREATE TABLE wishlist_wishes (
  user_id    TEXT   NOT NULL,
  product_id TEXT   NOT NULL,
  added      BIGINT NOT NULL,
  PRIMARY KEY (user_id, product_id)
);
