<?php
// The site of a WordPress from the distribution's package: the router of PHP's own web server.
require getenv('SITE') . '/config.php';
require ABSPATH . 'wp-settings.php';
wp();
http_response_code(404);
