-- +goose Up
CREATE TABLE wishlist_wishes (
  user_id    TEXT   NOT NULL,
  product_id TEXT   NOT NULL,
  added      BIGINT NOT NULL,
  name       TEXT   NOT NULL, -- as last seen in the catalog
  PRIMARY KEY (user_id, product_id)
);
