<?php
// Basic authentication with the user's own password, in the way of the plugin "JSON Basic Authentication": the user of the
// request is whom `wp_authenticate` finds, and its error is the answer.
final class Basic_Authentication {
    private static $result = null;
    private static bool $is_busy = false;

    public static function user($user) {
        self::$result = null;
        if (!empty($user) || self::$is_busy || !isset($_SERVER['PHP_AUTH_USER'])) {
            return $user;
        }
        self::$is_busy = true;
        $found = wp_authenticate($_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW']);
        self::$is_busy = false;
        self::$result = is_wp_error($found) ? $found : true;
        return is_wp_error($found) ? null : $found->ID;
    }

    public static function error($error) {
        return empty($error) ? self::$result : $error;
    }
}

add_filter('determine_current_user', ['Basic_Authentication', 'user'], 20);
add_filter('rest_authentication_errors', ['Basic_Authentication', 'error']);
