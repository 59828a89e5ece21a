<?php
define('DB_NAME', getenv('DATABASE'));
define('DB_USER', getenv('DATABASE_USER'));
define('DB_PASSWORD', getenv('DATABASE_PASSWORD'));
define('DB_HOST', getenv('DATABASE_HOST'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('ABSPATH', '/usr/share/wordpress/');
define('WP_CONTENT_DIR', getenv('SITE'));
define('WP_ENVIRONMENT_TYPE', 'local');
// the server of the tests wants TLS
define('MYSQL_CLIENT_FLAGS', MYSQLI_CLIENT_SSL);
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
