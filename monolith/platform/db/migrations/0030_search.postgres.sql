-- +goose Up
CREATE TABLE search_documents (
  product_id  TEXT   PRIMARY KEY,
  name        TEXT   NOT NULL,
  description TEXT   NOT NULL,
  category    TEXT   NOT NULL,
  price       BIGINT NOT NULL,
  currency    TEXT   NOT NULL,
  created     BIGINT NOT NULL,
  words       TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', name || ' ' || description || ' ' || category)) STORED
);
CREATE INDEX search_documents_words ON search_documents USING GIN (words);
