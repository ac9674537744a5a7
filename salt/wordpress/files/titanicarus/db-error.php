<?php
// Written by Titanicarus (salt/wordpress). Changes here are lost.
//
// What a visitor sees while the database is away. Linked to as wp-content/db-error.php.

while (ob_get_level() > 0) {
    ob_end_clean();
}
if (PHP_SAPI === 'cli') {
    fwrite(STDERR, "the database does not answer\n");
    exit(75);
}
if (!headers_sent()) {
    header_remove('Location');
    http_response_code(503);
    header('Retry-After: 5');
    header('Cache-Control: no-store');
    header('Content-Type: text/html; charset=utf-8');
}
?>
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>One moment</title></head>
<body><h1>One moment, please</h1><p>This site cannot reach its database right now. Please try again in a few seconds.</p></body></html>
