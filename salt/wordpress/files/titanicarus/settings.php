<?php
// Written by Titanicarus (salt/wordpress). Changes here are lost.
//
// What all WordPress sites have in common. A site's own file (../config-<user>.php) sets $titanicarus_site and loads this.

define('DB_NAME', $titanicarus_site['database']['name']);
define('DB_USER', $titanicarus_site['database']['user']);
define('DB_PASSWORD', $titanicarus_site['database']['password']);
define('DB_HOST', $titanicarus_site['database']['host'] . ':' . $titanicarus_site['database']['port']);
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');

define('WP_HOME', $titanicarus_site['url']);
define('WP_SITEURL', $titanicarus_site['url']);
define('FORCE_SSL_ADMIN', str_starts_with($titanicarus_site['url'], 'https:'));

// The same in every island and on every web server: who is signed in stays so wherever the next request goes.
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $titanicarus_kind) {
    foreach (['KEY', 'SALT'] as $titanicarus_part) {
        $titanicarus_name = "{$titanicarus_kind}_{$titanicarus_part}";
        define($titanicarus_name, hash_hmac('sha256', $titanicarus_name, $titanicarus_site['secret']));
    }
}

// The code is the package's, the same for all sites and not theirs to change: Debian updates it.
define('DISALLOW_FILE_MODS', true);
define('DISALLOW_FILE_EDIT', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_ALLOW_MULTISITE', false);
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('WPMU_PLUGIN_DIR', '/etc/wordpress/mu-plugins');
// No request to itself for every visitor; mu-plugins/titanicarus.php runs what is due after an answer was sent.
define('DISABLE_WP_CRON', true);
// Where what is uploaded lies; empty where nothing can be.
define('TITANICARUS_UPLOADS', $titanicarus_site['uploads']);
define('WP_DEBUG', false);
define('WP_DEBUG_DISPLAY', false);

unset($titanicarus_site, $titanicarus_kind, $titanicarus_part, $titanicarus_name);
