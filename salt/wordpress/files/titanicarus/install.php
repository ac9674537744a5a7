<?php
// Written by Titanicarus (salt/wordpress). Changes here are lost.
//
//   install.php CONFIGURATION <answers
//
// Fills a site's empty database. CONFIGURATION is the site's Unix user; on the standard input JSON with the keys title,
// user, email and password. Run as the site's Unix user, by any number of web servers at the same time.
// Exit code 0: the site is installed (now or before, and the last line says which), 75: the database does not answer.

$_SERVER['WORDPRESS_CONFIG'] = $argv[1];
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$answers = json_decode(stream_get_contents(STDIN), true, 4, JSON_THROW_ON_ERROR);
define('WP_INSTALLING', true);

// There is no mail here yet, and the password is told in another way.
function wp_new_blog_notification(): void
{
}

require '/usr/share/wordpress/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

const DONE = 'titanicarus_installed';
const LOCK_SECONDS = 60;

$wpdb->suppress_errors();
if ($wpdb->get_var($wpdb->prepare('SELECT GET_LOCK(%s, %d)', DB_NAME . '.install', LOCK_SECONDS)) !== '1') {
    fwrite(STDERR, "another web server has been installing this site for " . LOCK_SECONDS . " s\n");
    exit(75);
}
$accounts = (int) $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->users");
if (is_blog_installed() && $accounts > 0 && (get_option(DONE) || !get_option('fresh_site'))) {
    echo "installed before\n";
    exit(0);
}
$wpdb->suppress_errors(false);
// With a structure of addresses from the beginning WordPress need not try out, by requests to itself, which one works.
$structure = static fn (): string => '/%year%/%monthnum%/%postname%/';
add_filter('pre_option_permalink_structure', $structure);
$made = wp_install($answers['title'], $answers['user'], $answers['email'], true, '', wp_slash($answers['password']));
remove_filter('pre_option_permalink_structure', $structure);
$wp_rewrite->set_permalink_structure($structure());
$wp_rewrite->flush_rules(false);
if (!is_blog_installed() || is_wp_error($made['user_id']) || !$made['user_id'] || !update_option(DONE, 1)) {
    fwrite(STDERR, "WordPress could not be installed: {$wpdb->last_error}\n");
    exit(1);
}
echo "installed now\n";
