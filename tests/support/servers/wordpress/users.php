<?php
// Creates the tables and the invented users, with WordPress' own functions.
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => 'shop.example', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_URI' => '/'];

function wp_mail() {
    return true;
}

require getenv('SITE') . '/config.php';
require ABSPATH . 'wp-settings.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('shop', 'shop-admin', 'admin@example.com', false, '', 'north-pier-7');
update_option('permalink_structure', '/%postname%/');
flush_rewrite_rules();

foreach ([
    ['ida.brandt', 'ida.brandt@example.com', 'harbour-lamp-42'],
    ['hanna', 'hanna@example.com', 'five-red-boats'],
    // the login of one is the address of another
    ['mia@example.org', 'mia@example.com', 'copper-kettle-5'],
    ['lina', 'mia@example.org', 'winter-coat-88'],
] as [$login, $address, $password]) {
    $user = ['user_login' => $login, 'user_email' => $address, 'user_pass' => $password, 'role' => 'subscriber'];
    $id = wp_insert_user(wp_slash($user));
    if (is_wp_error($id)) {
        fwrite(STDERR, $id->get_error_message());
        exit(1);
    }
}
