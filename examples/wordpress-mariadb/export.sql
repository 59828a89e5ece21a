-- Every user as one line of JSON, in the form in which the source gives records to the rules: for tests and dry runs.
SELECT JSON_OBJECT(
  'ID', ID, 'user_login', user_login, 'user_email', user_email, 'user_pass', user_pass, 'user_url', user_url,
  'user_status', user_status, 'display_name', display_name, 'user_registered', CAST(user_registered AS CHAR),
  'meta', (
    SELECT COALESCE(JSON_ARRAYAGG(JSON_OBJECT('meta_key', meta_key, 'meta_value', meta_value) ORDER BY umeta_id), JSON_ARRAY())
    FROM wp_usermeta WHERE user_id = ID AND meta_key NOT IN ('session_tokens', '_application_passwords')
  )
) FROM wp_users ORDER BY ID;
