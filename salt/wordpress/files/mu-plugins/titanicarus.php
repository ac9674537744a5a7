<?php
/**
 * Plugin Name: Titanicarus
 * Description: What the hosting platform arranges: no calls home, uploads on mirrored files, scheduled work after the answer.
 */
// Written by Titanicarus (salt/wordpress). Changes here are lost.

// The package is updated by the operator, so nobody has to be asked for news of it, and no page waits for an answer.
add_filter('pre_http_request', static function ($answer, $arguments, $url) {
    $host = (string) wp_parse_url($url, PHP_URL_HOST);
    if (preg_match('/(^|\.)(wordpress\.org|w\.org)$/i', $host)) {
        return new WP_Error('titanicarus', 'This platform updates WordPress itself.');
    }
    return $answer;
}, 10, 3);

// What is uploaded lies on the mirrored files of the site's home. Where these are not, nobody can upload.
if (TITANICARUS_UPLOADS === '') {
    add_filter('user_has_cap', static fn (array $rights): array => ['upload_files' => false] + $rights);
} else {
    add_filter('pre_option_upload_path', static fn (): string => TITANICARUS_UPLOADS);
    add_filter('pre_option_upload_url_path', static fn (): string => WP_HOME . '/wp-content/uploads');
}

// Scheduled work: in a request that finds some due, once the visitor has got the answer. WordPress's lock lets one at it.
add_action('shutdown', static function (): void {
    $quiet = ($_SERVER['REQUEST_METHOD'] ?? '') === 'GET' && !defined('DOING_CRON') && !defined('DOING_AJAX');
    if ($quiet && PHP_SAPI !== 'cli' && !wp_installing() && wp_get_ready_cron_jobs()) {
        require ABSPATH . 'wp-cron.php';
    }
}, PHP_INT_MAX);
