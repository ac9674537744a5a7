<?php

declare(strict_types=1);

// The session as JSON, for programs: which server answered, and what it knows of this visitor.

require __DIR__ . '/../lib/session.php';
require __DIR__ . '/../lib/page.php';

Laneway\Session\begin();
Laneway\Page\headers();
header('Content-Type: application/json');
echo json_encode([
    'server' => gethostname(),
    'name' => $_SESSION['name'],
    'visits' => $_SESSION['visits'],
    'items' => $_SESSION['items'],
    'token' => $_SESSION['token'],
], JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), "\n";
