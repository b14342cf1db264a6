-- +goose Up
CREATE TABLE search_documents (
  doc         INTEGER PRIMARY KEY,
  product_id  TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL,
  category    TEXT    NOT NULL,
  price       BIGINT  NOT NULL,
  currency    TEXT    NOT NULL,
  created     BIGINT  NOT NULL
);
CREATE VIRTUAL TABLE search_index USING fts5 (name, description, category, content='search_documents', content_rowid='doc', prefix='2 3');
-- +goose StatementBegin
CREATE TRIGGER search_insert AFTER INSERT ON search_documents BEGIN
  INSERT INTO search_index (rowid, name, description, category) VALUES (new.doc, new.name, new.description, new.category);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_delete AFTER DELETE ON search_documents BEGIN
  INSERT INTO search_index (search_index, rowid, name, description, category)
  VALUES ('delete', old.doc, old.name, old.description, old.category);
END;
-- +goose StatementEnd
