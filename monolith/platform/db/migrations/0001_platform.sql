-- +goose Up
CREATE TABLE platform_outbox (
  seq     @serial@,
  id      TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL
);
