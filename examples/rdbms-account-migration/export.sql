-- Every customer as one line of JSON, in the shape that Landfall's source gives the rules: for rule tests, `landfall init`
-- and a dry run of the whole shop with `landfall transform`.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET timezone = 'UTC';
SELECT to_jsonb(c) || jsonb_build_object(
  'old_salt', encode(c.old_salt, 'base64'),
  'addresses', (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'id' - 'customer_id' ORDER BY a.is_default DESC, a.id), '[]')
                FROM migration.address a WHERE a.customer_id = c.customer_id),
  'consents', (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'customer_id' ORDER BY p.purpose), '[]')
               FROM migration.consent p WHERE p.customer_id = c.customer_id),
  'preferences', (SELECT coalesce(jsonb_object_agg(p.name, p.value), '{}')
                  FROM migration.preference p WHERE p.customer_id = c.customer_id),
  'roles', (SELECT coalesce(jsonb_agg(r.role ORDER BY r.role), '[]')
            FROM migration.role r WHERE r.account_id = c.account_id))
FROM migration.customer c ORDER BY c.account_id;
