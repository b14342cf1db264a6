-- +goose Up
CREATE TABLE recommendation_pairs (
  product_id TEXT   NOT NULL,
  other_id   TEXT   NOT NULL,
  count      BIGINT NOT NULL,
  PRIMARY KEY (product_id, other_id)
);
CREATE TABLE recommendation_bought (
  user_id    TEXT   NOT NULL,
  product_id TEXT   NOT NULL,
  count      BIGINT NOT NULL,
  PRIMARY KEY (user_id, product_id)
);
CREATE TABLE recommendation_popular (
  product_id TEXT   PRIMARY KEY,
  count      BIGINT NOT NULL
);
CREATE INDEX recommendation_popular_count ON recommendation_popular (count DESC, product_id);
CREATE TABLE recommendation_orders ( -- what is in the counts
  order_id TEXT PRIMARY KEY
);
-- Whoever counts holds the one row: two batches that count the same products in another order would lock each other out.
CREATE TABLE recommendation_turn (
  id INTEGER PRIMARY KEY CHECK (id = 1)
);
INSERT INTO recommendation_turn (id) VALUES (1);
