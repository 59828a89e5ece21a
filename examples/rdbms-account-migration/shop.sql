-- Lindhof, an invented mail-order shop that has grown since 1999, and the views through which Landfall reads it.
-- `start` loads this file into a new database; psql needs the variable reader_password.

\set ON_ERROR_STOP on
BEGIN;

CREATE ROLE shop_owner NOLOGIN;
-- a server in Germany; Landfall reads times in UTC whatever the time zone is
ALTER DATABASE shop SET timezone = 'Europe/Berlin';
REVOKE ALL ON DATABASE shop FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON DATABASE shop TO shop_owner;
SET ROLE shop_owner;

-- ---------------------------------------------------------------------------------------------------- the shop's tables

CREATE SCHEMA identity;
CREATE TYPE identity.account_state AS ENUM ('active', 'inactive', 'locked', 'closed');
CREATE TABLE identity.accounts (
  id                   uuid PRIMARY KEY,
  login                text UNIQUE,                -- guests have none
  email                text NOT NULL,              -- not unique: families share one
  email_verified_at    timestamptz,
  state                identity.account_state NOT NULL DEFAULT 'active',
  password_hash        text,                       -- bcrypt, and Argon2id since 2021
  old_algorithm        text,                       -- of the shops before this one: md5, sha1, pbkdf2-sha256
  old_hash             text,                       -- hexadecimal
  old_salt             bytea,
  old_rounds           integer,
  must_change_password boolean NOT NULL DEFAULT false,
  failed_logins        smallint NOT NULL DEFAULT 0,
  locked_until         timestamptz,
  created_at           timestamptz NOT NULL,
  last_login_at        timestamptz
);

CREATE SCHEMA auth;
CREATE TABLE auth.roles (
  account_id uuid NOT NULL REFERENCES identity.accounts,
  role       text NOT NULL,
  PRIMARY KEY (account_id, role)
);

CREATE SCHEMA crm;
CREATE TABLE crm.customers (
  id           bigint PRIMARY KEY,
  account_id   uuid UNIQUE REFERENCES identity.accounts,
  salutation   text,
  given_name   text,
  family_name  text,
  born         date,
  phone        text,
  mobile       text,
  language     text,
  balance      numeric(14, 2) NOT NULL DEFAULT 0,
  loyalty_card numeric(24, 0),
  tags         text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE crm.addresses (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES crm.customers,
  kind        text NOT NULL,                       -- billing, shipping
  is_default  boolean NOT NULL DEFAULT false,
  street      text NOT NULL,
  extra       text,
  postal_code text NOT NULL,
  city        text NOT NULL,
  country     text NOT NULL,
  valid_until date
);
CREATE TABLE crm.preferences (
  customer_id bigint NOT NULL REFERENCES crm.customers,
  name        text NOT NULL,
  value       text NOT NULL,
  PRIMARY KEY (customer_id, name)
);

CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES crm.customers,
  placed_at   timestamptz NOT NULL,
  total       numeric(12, 2) NOT NULL
);

CREATE SCHEMA consent;
CREATE TABLE consent.consents (
  customer_id bigint NOT NULL REFERENCES crm.customers,
  purpose     text NOT NULL,
  history     jsonb NOT NULL,                      -- oldest first: version, given_at, withdrawn_at
  PRIMARY KEY (customer_id, purpose)
);

CREATE INDEX ON crm.addresses (customer_id);
CREATE INDEX ON shop.orders (customer_id);

-- --------------------------------------------------------------------------------------------- what Landfall may read

-- Landfall sends an identifier in its one spelling: no blanks around it, lower case, composed letters. These indexes hold
-- the stored names in the same spelling, and the view compares with exactly these expressions.
CREATE INDEX accounts_login_spelling ON identity.accounts (lower(normalize(btrim(login), NFC)));
CREATE INDEX accounts_email_spelling ON identity.accounts (lower(normalize(btrim(email), NFC)));

CREATE SCHEMA migration;

-- One row per account. Employees have an account, too, but are not customers.
CREATE VIEW migration.customer AS
SELECT
  lower(normalize(btrim(a.login), NFC)) AS login_key,
  lower(normalize(btrim(a.email), NFC)) AS email_key,
  a.id AS account_id, a.login, a.email, a.email_verified_at, a.state,
  a.password_hash, a.old_algorithm, a.old_hash, a.old_salt, a.old_rounds,
  a.must_change_password, a.locked_until, a.created_at, a.last_login_at,
  c.id AS customer_id, c.salutation, c.given_name, c.family_name, c.born, c.phone, c.mobile, c.language,
  c.balance, c.loyalty_card, c.tags,
  o.order_count, o.order_total, o.last_order_at
FROM identity.accounts a
LEFT JOIN crm.customers c ON c.account_id = a.id
LEFT JOIN LATERAL (
  SELECT count(*) AS order_count, sum(total) AS order_total, max(placed_at) AS last_order_at
  FROM shop.orders WHERE customer_id = c.id
) o ON true;

CREATE VIEW migration.address AS
SELECT id, customer_id, kind, is_default, street, extra, postal_code, city, country
FROM crm.addresses WHERE valid_until IS NULL;

CREATE VIEW migration.consent AS SELECT customer_id, purpose, history FROM consent.consents;
CREATE VIEW migration.preference AS SELECT customer_id, name, value FROM crm.preferences;
CREATE VIEW migration.role AS SELECT account_id, role FROM auth.roles;

RESET ROLE;

-- The reader may read the views but no table: views read their tables with the privileges of their owner.
CREATE ROLE landfall_reader LOGIN PASSWORD :'reader_password' CONNECTION LIMIT 16;
GRANT CONNECT ON DATABASE shop TO landfall_reader;
GRANT USAGE ON SCHEMA migration TO landfall_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA migration TO landfall_reader;

-- ------------------------------------------------------------------------------------------------ invented customers
-- All names, addresses and numbers are invented. README.md lists the passwords.

SET ROLE shop_owner;

INSERT INTO identity.accounts
  (id, login, email, email_verified_at, state, password_hash, created_at, last_login_at)
VALUES
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a01', 'hanna.vogt', 'hanna.vogt@example.com', '2019-04-02 08:20:00+00', 'active',
   '$2y$10$n5oa3F9RcI.dD0aoa5jRee5GJRbBRYb4XtgcP6v56XVi0TX9Le3hu', '2019-04-02 08:15:00.123456+00', '2025-11-02 18:40:12+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a02', 'Luis.Moreno', 'Luis.Moreno@Example.ORG', '2022-01-15 10:00:00+00', 'active',
   '$argon2id$v=19$m=19456,t=2,p=1$LMP9xBT0gHTsah9xhBcj0w$6/c/0UPs5CyKkFes0Qi8TUGrtIguES7woB+c0BB5uTQ',
   '2008-06-01 00:00:00+02', '2025-10-11 07:05:00+00'),
  -- decomposed letters: u and U+0308
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a03', U&'Ju\0308rgen.Mu\0308ller', 'jm@example.net', '2017-09-30 12:00:00+00', 'active',
   '$2y$10$hIWCbIWHM58gw40BXjcHg.xWTQwnlcSWY6REzSI16udmehjUa5cyW', '2017-09-30 11:58:41+00', NULL),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a04', 'amelie.roche', 'amelie@example.org', '2021-03-09 09:00:00+00', 'active',
   '$argon2id$v=19$m=19456,t=2,p=1$SkUkP5iitME7DQPlcgDJ4g$oB5Bg76008EIfGdM2R44wIRbWgl42jhMqI8OYo0x19k',
   '2021-03-09 08:55:10+00', '2025-09-01 20:15:00+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a06', 'marta.nowak', 'marta.nowak@example.com', NULL, 'active',
   '$2y$10$Gd3WvdbDZ1Qz848S4XZXxewGoceul1diM6Jy/nX51YSir6Xqhd4.O', '2020-12-24 17:00:00+00', '2024-02-29 23:30:00+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a09', 'otto.lang', 'otto@example.com', '2023-05-05 05:05:05+00', 'active',
   '$argon2id$v=19$m=19456,t=2,p=1$99UdHX/tmlGMwPXOUsinLQ$kgwgFsVvo9pf8UBoTmn+CBFgGTurWC0BxxvfMzBn0Xs',
   '2023-05-05 05:00:00+00', '2025-11-20 10:10:10+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a10', 'rolf.weber', 'weber@example.net', '2016-02-01 10:00:00+00', 'active',
   '$2y$10$N3His.fgkNeHazkyUc5abuy/CHTDVTIvKgSbB/Na/Uzn5rgDSRXMa', '2016-02-01 09:00:00+00', '2025-08-08 08:08:08+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a11', 'petra.weber', 'Weber@example.net', '2018-07-01 10:00:00+00', 'active',
   '$argon2id$v=19$m=19456,t=2,p=1$tyz487br35VDXlTkCSseXQ$iaoYcJRJJkyKG/OaMHOXgeeMKmNh476GNvUgNe6iVIk',
   '2018-07-01 09:00:00+00', '2025-07-07 07:07:07+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a12', 'lager', 'lager@example.com', '2015-01-01 00:00:00+00', 'active',
   '$2y$10$QJVoS0/WNWceLe1z1VcR7OoaJbSvtm0kfLSAZLpKzwduenbfpKLyi', '2015-01-01 00:00:00+00', '2025-11-28 05:30:00+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a13', 'nils.berg', 'nils.berg@example.com', '2014-04-04 04:04:04+00', 'inactive',
   '$2y$10$V.OeRYaNdP1EduR/yj2OcOKXLaJiwqMZCthU7glCfeZYiHvrxjzLG', '2014-04-04 04:00:00+00', '2015-05-05 05:05:05+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a14', 'ida.frost', 'ida.frost@example.com', '2022-02-02 02:02:02+00', 'locked',
   '$argon2id$v=19$m=19456,t=2,p=1$qfbJJQ9E826+Pq5uC6Vuaw$F14JguUoKFsI55CZHQDEJhuGNMn8D20CjamYgsmBYBM',
   '2022-02-02 02:00:00+00', '2025-01-01 01:01:01+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a15', 'karl.stein', 'karl.stein@example.com', '2012-12-12 12:12:12+00', 'active',
   '$2y$10$yjdpiSBawSP1oOp3tOziGehGF18PRRzvR/we0.dHe5YwUYgrt0WIi', '2012-12-12 12:00:00+00', '2025-11-27 21:00:00+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a16', 'olga.maier', 'olga.maier@example.com', '2021-10-10 10:10:10+00', 'closed',
   '$argon2id$v=19$m=19456,t=2,p=1$dEO2j4KAynkkjqpid0mghg$Kx0S3fhZJ/uNL6pZcdF79sF5xTL5PhXo82o3oM/9nBM',
   '2021-10-10 10:00:00+00', '2024-12-31 23:59:59+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a17', NULL, 'guest@example.com', NULL, 'active', NULL, '2025-03-03 03:03:03+00', NULL);

-- Accounts of the shops before this one whose passwords have not changed since.
INSERT INTO identity.accounts
  (id, login, email, email_verified_at, old_algorithm, old_hash, old_salt, old_rounds, must_change_password, locked_until,
   created_at, last_login_at)
VALUES
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a05', 'sven.lund', 'sven.lund@example.org', '2013-03-13 13:13:13+00', 'pbkdf2-sha256',
   '2782b256fa7fcc73dee30f2bd997fa9727e84d7625ec50acab878503defc1bf8', '\x8f1c44d0a95e37b26e0d71c2f9384ab5', 20000, false, NULL,
   '2013-03-13 13:00:00+00', '2025-06-21 12:00:00+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a07', 'tom.hale', 'tom.hale@example.com', '2006-05-04 00:00:00+00', 'sha1',
   '9dee0c3a5d4e05246d817e81463773b9af762c78', 'k7Qp2x', NULL, false, '2024-02-02 02:02:02+00',
   '2006-05-04 00:00:00+00', '2024-02-01 02:02:02+00'),
  ('5b0e9c1a-7d3f-4e62-9a41-1c0d2e3f4a08', 'greta.holm', 'greta@example.org', '2001-01-01 00:00:00+00', 'md5',
   'f91047e7855418964119989e760551e5', NULL, NULL, true, NULL, '1999-12-31 23:30:00+01', NULL);

-- Luis chose a new password in 2022, and nobody removed the old hash.
UPDATE identity.accounts
SET old_algorithm = 'sha1', old_hash = 'da6f9c059a3f9b98ebaa6310c32958e66b47ef23', old_salt = 'a1b2c3'
WHERE login = 'Luis.Moreno';
UPDATE identity.accounts SET locked_until = '2999-01-01 00:00:00+00', failed_logins = 12 WHERE login = 'karl.stein';

INSERT INTO auth.roles (account_id, role)
SELECT id, 'customer' FROM identity.accounts WHERE login IS NOT NULL AND login <> 'lager';
INSERT INTO auth.roles (account_id, role)
SELECT id, unnest(ARRAY['warehouse', 'returns']) FROM identity.accounts WHERE login = 'lager';
INSERT INTO auth.roles (account_id, role) SELECT id, 'reviewer' FROM identity.accounts WHERE login = 'hanna.vogt';

INSERT INTO crm.customers
  (id, account_id, salutation, given_name, family_name, born, phone, mobile, language, balance, loyalty_card, tags)
SELECT c.id, a.id, c.salutation, c.given_name, c.family_name, c.born, c.phone, c.mobile, c.language, c.balance,
  c.loyalty_card, c.tags
FROM (VALUES
  (1000001::bigint, 'hanna.vogt@example.com', 'Frau', 'Hanna', 'Vogt', '1990-02-28'::date, '030 901820', '0151 23456789',
   'de', 0.00, NULL::numeric, '{newsletter,garden}'::text[]),
  (1000002, 'Luis.Moreno@Example.ORG', 'Sr.', 'Luis', 'Moreno', '1978-07-14', NULL, '+52 55 1234 5678', 'es_MX', -12.50, NULL, '{}'),
  (1000003, 'jm@example.net', 'Herr', U&'Ju\0308rgen', U&'Mu\0308ller', '1965-11-05', '0221 123456', NULL, 'de_AT', 3.10, NULL, '{}'),
  (1000004, 'amelie@example.org', 'Mme', 'Amélie', 'Roche', '1988-08-08', '01 42 68 53 00', NULL, 'fr', 99.99, NULL, '{vip}'),
  (1000005, 'sven.lund@example.org', NULL, 'Sven', 'Lund', NULL, '08-123 456 78', NULL, 'sv', 0.00, NULL, '{}'),
  (1000006, 'marta.nowak@example.com', NULL, 'Marta', 'Nowak', '1995-03-21', 'call the office', NULL, 'pl', 0.00, NULL, '{}'),
  (1000007, 'tom.hale@example.com', 'Mr', 'Tom', '  Hale ', '1950-01-31', '020 7946 0018', NULL, 'en_GB', 0.00, NULL, '{}'),
  (1000008, 'greta@example.org', NULL, 'Greta', 'Holm', NULL, NULL, NULL, NULL, 0.00, NULL, '{}'),
  (9007199254740993, 'otto@example.com', 'Herr', 'Otto', 'Lang', '2000-02-29', NULL, '0170 1234567', 'de', 1234567890.10,
   308401234567890123456789, ARRAY['a,b', 'says "hello"', '{braces}', 'ünï']),
  (1000010, 'weber@example.net', 'Herr', 'Rolf', 'Weber', '1970-01-01', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000011, 'Weber@example.net', 'Frau', 'Petra', 'Weber', '1971-02-02', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000013, 'nils.berg@example.com', 'Herr', 'Nils', 'Berg', '1982-06-06', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000014, 'ida.frost@example.com', 'Frau', 'Ida', 'Frost', '1993-09-09', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000015, 'karl.stein@example.com', 'Herr', 'Karl', 'Stein', '1960-10-10', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000016, 'olga.maier@example.com', 'Frau', 'Olga', 'Maier', '1999-11-11', NULL, NULL, 'de', 0.00, NULL, '{}'),
  (1000017, 'guest@example.com', NULL, 'Noor', 'Visser', NULL, NULL, NULL, 'nl', 0.00, NULL, '{}')
) AS c (id, email, salutation, given_name, family_name, born, phone, mobile, language, balance, loyalty_card, tags)
JOIN identity.accounts a USING (email);

INSERT INTO crm.addresses (customer_id, kind, is_default, street, extra, postal_code, city, country, valid_until) VALUES
  (1000001, 'billing', true, 'Lindenallee 7', NULL, '10115', 'Berlin', 'DE', NULL),
  (1000002, 'billing', true, 'Calle Ficticia 12', 'Interior 3', '06000', 'Ciudad de México', 'MX', NULL),
  (1000003, 'billing', true, 'Große Straße 5', NULL, '50667', 'Köln', 'DE', NULL),
  (1000004, 'billing', false, '3 rue Imaginaire', NULL, '75001', 'Paris', 'FR', NULL),
  (1000004, 'shipping', true, '18 quai Inventé', 'Bâtiment B', '69002', 'Lyon', 'FR', NULL),
  (1000004, 'shipping', false, 'Avenue Fictive 9', NULL, '1000', 'Bruxelles', 'BE', NULL),
  (1000004, 'billing', false, '1 place Ancienne', NULL, '13001', 'Marseille', 'FR', '2019-12-31'),
  (1000005, 'billing', true, 'Påhittade gatan 4', NULL, '111 22', 'Stockholm', 'SE', NULL),
  (1000006, 'billing', true, 'ul. Zmyślona 8', NULL, '00-001', 'Warszawa', 'PL', NULL),
  (1000007, 'billing', true, '1 Nowhere Lane', NULL, 'SW1A 1AA', 'London', 'GB', NULL),
  (9007199254740993, 'billing', true, 'Musterweg 2', NULL, '80331', 'München', 'DE', NULL);

INSERT INTO crm.preferences (customer_id, name, value) VALUES
  (1000001, 'mail_format', 'html'), (1000001, 'store', 'Berlin Mitte'), (1000004, 'mail_format', 'text');

INSERT INTO shop.orders (customer_id, placed_at, total) VALUES
  (1000001, '2024-11-29 10:00:00+00', 19.90), (1000001, '2025-10-31 23:30:00+01', 0.10),
  (9007199254740993, '2025-01-02 03:04:05.678901+00', 9999999999.99);

INSERT INTO consent.consents (customer_id, purpose, history) VALUES
  (1000001, 'newsletter', '[{"version": 3, "given_at": "2019-04-02T08:16:00Z", "withdrawn_at": null}]'),
  (1000001, 'profiling', '[{"version": 1, "given_at": "2020-01-01T00:00:00Z", "withdrawn_at": null}]'),
  (1000005, 'newsletter',
   '[{"version": 1, "given_at": "2013-03-13T13:05:00Z", "withdrawn_at": "2016-01-01T09:00:00Z"},
     {"version": 2, "given_at": "2018-05-25T07:00:00+02:00", "withdrawn_at": "2021-08-15T16:45:00+02:00"}]'),
  (1000005, 'terms', '[{"version": 7, "given_at": "2018-05-25T07:00:00+02:00", "withdrawn_at": null}]'),
  (1000006, 'newsletter', '[]');

COMMIT;
