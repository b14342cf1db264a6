-- +goose Up
CREATE TABLE search_documents (
  doc         INTEGER PRIMARY KEY,
  product_id  TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL,
  category    TEXT    NOT NULL,
  price       BIGINT  NOT NULL,
  currency    TEXT    NOT NULL,
  created     BIGINT  NOT NULL,
  version     BIGINT  NOT NULL,
  on_sale     BOOLEAN NOT NULL -- not findable once false; the row stays as the memory of its version
);
CREATE VIRTUAL TABLE search_index USING fts5 (name, description, category, content='search_documents', content_rowid='doc', prefix='2 3');
CREATE TABLE search_backfill (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  "cursor" TEXT    NOT NULL,
  done     BOOLEAN NOT NULL
);
-- +goose StatementBegin
CREATE TRIGGER search_insert AFTER INSERT ON search_documents WHEN new.on_sale BEGIN
  INSERT INTO search_index (rowid, name, description, category) VALUES (new.doc, new.name, new.description, new.category);
END;
-- +goose StatementEnd
-- One trigger for both halves: the old words must go before the new ones come, and triggers have no order among themselves.
-- +goose StatementBegin
CREATE TRIGGER search_change AFTER UPDATE ON search_documents BEGIN
  INSERT INTO search_index (search_index, rowid, name, description, category)
  SELECT 'delete', old.doc, old.name, old.description, old.category WHERE old.on_sale;
  INSERT INTO search_index (rowid, name, description, category)
  SELECT new.doc, new.name, new.description, new.category WHERE new.on_sale;
END;
-- +goose StatementEnd
