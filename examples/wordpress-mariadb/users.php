<?php
// Creates the tables of a WordPress and its invented users, with WordPress' own functions. Called by `start`.
// Where something is written past WordPress, as imports and plugins do, the comment says why.

define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', getenv('PASSWORD'));
define('DB_HOST', 'localhost:' . getenv('DATABASE'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('ABSPATH', getenv('WORDPRESS') . '/');
define('WP_CONTENT_DIR', getenv('CONTENT'));
define('WP_INSTALLING', true);
define('DISABLE_WP_CRON', true);
$table_prefix = 'wp_';
$_SERVER['HTTP_HOST'] = 'shop.example';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_URI'] = '/';

// WordPress would send a mail for the new site and for each new user.
function wp_mail() {
    return true;
}

require ABSPATH . 'wp-settings.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

// The installation calls the new site to try its addresses. There is no web server.
add_filter('pre_http_request', fn() => new WP_Error('offline', 'no network here'));

function must($result) {
    if (is_wp_error($result) || !$result) {
        fwrite(STDERR, 'WordPress refuses: ' . (is_wp_error($result) ? $result->get_error_message() : 'no result') . "\n");
        exit(1);
    }
    return $result;
}

/** A user as a form of WordPress creates it: what a form sends has slashes before quotes, the password too. */
function user(string $login, string $email, string $password, array $more = [], array $meta = []): int {
    $data = ['user_login' => $login, 'user_email' => $email, 'user_pass' => $password];
    $usual = ['role' => 'customer', 'user_registered' => '2023-05-04 10:20:30'];
    $id = must(wp_insert_user(wp_slash($data + $more + $usual)));
    foreach ($meta as $key => $value) {
        update_user_meta($id, $key, wp_slash($value));
    }
    return $id;
}

/** Writes columns past WordPress, as an import or a plugin does. */
function write(int $id, array $columns): void {
    global $wpdb;
    must($wpdb->update($wpdb->users, $columns, ['ID' => $id]));
    clean_user_cache($id);
}

/** The hash of WordPress before 6.8. */
function phpass(string $password): string {
    require_once ABSPATH . WPINC . '/class-phpass.php';
    return (new PasswordHash(8, true))->HashPassword($password);
}

/** The hash of WordPress since 6.8 (`wp_hash_password`), which an older one does not know. */
function bcrypt(string $password): string {
    $digest = base64_encode(hash_hmac('sha384', trim($password), 'wp-sha384', true));
    return '$wp' . password_hash($digest, PASSWORD_BCRYPT, ['cost' => 10]);
}

$wpdb->suppress_errors(false);
must(wp_install('An invented shop', 'shop-admin', 'admin@example.com', false, '', 'north-pier-7'));
write(1, ['user_registered' => '2016-02-29 12:00:00']);
// Roles of WooCommerce, and one of a plugin that the rules do not know.
add_role('customer', 'Customer', ['read' => true]);
add_role('shop_manager', 'Shop manager', ['read' => true, 'edit_posts' => true]);
add_role('wholesale_buyer', 'Wholesale buyer', ['read' => true]);

user('ida.brandt', 'Ida.Brandt@Example.com', 'harbour-lamp-42', [
    'display_name' => 'Ida Brändström', 'first_name' => 'Ida', 'last_name' => 'Brändström', 'nickname' => 'Idä',
    'user_url' => 'https://ida.example.org', 'user_registered' => '2019-04-02 08:15:00', 'locale' => 'de_DE_formal',
], [
    'billing_first_name' => 'Ida', 'billing_last_name' => 'Brändström', 'billing_company' => 'Brändström & Töchter',
    'billing_address_1' => 'Mühlenweg 12', 'billing_address_2' => 'Hinterhaus', 'billing_city' => 'Köln',
    'billing_state' => 'DE-NW', 'billing_postcode' => '50667', 'billing_country' => 'DE',
    'billing_phone' => '0221 901820', 'billing_email' => 'Ida.Brandt@Example.com', 'wc_last_active' => '1735603200',
    'newsletter_optin' => 'yes',
    // serialised by WordPress, and read by no rule
    'wholesale_terms' => ['days' => 30],
]);

user('noa', 'noa@example.org', 'seven green kites', [
    'display_name' => 'נועה כהן', 'first_name' => 'נועה', 'last_name' => 'כהן', 'role' => 'author',
    'user_registered' => '2021-11-30 17:02:11',
]);

$keiko = user('keiko', 'keiko@example.com', 'パスワード-2024', [
    'display_name' => '山田 恵子', 'first_name' => '恵子', 'last_name' => '山田', 'user_registered' => '2022-07-01 00:30:00',
], ['billing_country' => 'JP', 'billing_phone' => '03-1234-5678']);
(new WP_User($keiko))->add_role('editor');
(new WP_User($keiko))->add_role('wholesale_buyer');

// An administrator took all roles away: the row of capabilities is an empty list.
(new WP_User(user('no.role', 'no.role@example.com', 'plain-bread-11')))->set_role('');

user('Space User', 'space@example.com', 'wide-open-sky-3', ['display_name' => 'Space User']);

// WordPress forbids neither a login that is an address nor one that is somebody else's address.
user('mia@example.org', 'mia@example.com', 'copper-kettle-5', ['display_name' => 'Mia Lind']);
user('lina', 'mia@example.org', 'winter-coat-88', ['display_name' => 'Lina Lind']);

user('quentin', 'quentin@example.com', 'it\'s "5" o\'clock', ['first_name' => 'Quentin', 'last_name' => "O'Hara"]);

// Password hashes that WordPress accepts beside its own: an older one's, a restored dump's from 2007, a newer one's.
$otto = user('otto', 'otto@example.com', 'old-anchor-60');
write($otto, ['user_pass' => phpass('old-anchor-60'), 'user_registered' => '0000-00-00 00:00:00']);
write(user('berta', 'berta@example.com', 'x'), ['user_pass' => md5('five-red-boats')]);
write(user('yara', 'yara@example.com', 'x'), ['user_pass' => bcrypt('new-sails-2025')]);

// WordPress writes jörg as jorg, and finds jorg for jörg. Imports past WordPress do neither, and this pair is what they leave.
user('jorg', 'jorg@example.com', 'jorg-has-this-1', ['display_name' => 'Jorg Adler']);
write(user('import-1', 'joerg@example.net', 'joerg-has-that-2', ['display_name' => 'Jörg Weber']), ['user_login' => 'jörg']);

// Marked as spam by a plugin for communities.
write(user('spam.king', 'spam@example.net', 'buy-now-9999'), ['user_status' => 1]);

// Secrets that the rules must not need: a session, and a password for programs.
WP_Session_Tokens::get_instance(1)->create(time() + DAY_IN_SECONDS);
must(WP_Application_Passwords::create_new_application_password(1, ['name' => 'phone']));
echo $GLOBALS['wpdb']->get_var("SELECT count(*) FROM $wpdb->users"), " users of WordPress $wp_version\n";
