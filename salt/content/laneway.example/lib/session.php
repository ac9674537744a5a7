<?php

declare(strict_types=1);

// The visitor's session: who they are, what is on their list, and the token that each form has to bring back.
// Where sessions are kept is the platform's business; this code runs unchanged on any web server of any island.

namespace Laneway\Session;

const ITEMS_LIMIT = 50;
const TEXT_LIMIT = 80;

/** Begin or go on with the session. Answers 503 and ends when no session store can be reached. */
function begin(): void
{
    ini_set('session.use_strict_mode', '1');
    session_name('laneway');
    session_set_cookie_params([
        'lifetime' => 0,
        'path' => '/',
        'secure' => true,
        'httponly' => true,
        'samesite' => 'Lax',
    ]);
    if (!@session_start()) {
        http_response_code(503);
        header('Retry-After: 5');
        header('Content-Type: text/plain; charset=utf-8');
        exit("The coffee machine of our sessions is warming up. Please try again in a moment.\n");
    }
    $_SESSION += ['name' => null, 'items' => [], 'visits' => 0, 'token' => bin2hex(random_bytes(16))];
    $_SESSION['visits']++;
}

/** Whether a form brought back this session's token. */
function tokenMatches(mixed $token): bool
{
    return is_string($token) && hash_equals($_SESSION['token'], $token);
}

/** Take a name; the session gets a new id, so that one set before by somebody else is worth nothing. */
function signIn(string $name): void
{
    session_regenerate_id(true);
    $_SESSION['name'] = $name;
    $_SESSION['token'] = bin2hex(random_bytes(16));
}

/** Forget everything about this visitor. */
function signOut(): void
{
    $_SESSION = [];
    session_regenerate_id(true);
}

/** Add a line to the list; the oldest makes room when the list is full. */
function addItem(string $text): void
{
    $_SESSION['items'][] = $text;
    $_SESSION['items'] = array_slice($_SESSION['items'], -ITEMS_LIMIT);
}

/** Take a line off the list, by its place; one that is not there any more is fine. */
function removeItem(int $place): void
{
    unset($_SESSION['items'][$place]);
    $_SESSION['items'] = array_values($_SESSION['items']);
}

/** A line of text from a form: trimmed, short, without control characters; empty when there is none. */
function line(mixed $value): string
{
    if (!is_string($value) || preg_match('//u', $value) !== 1) {
        return '';
    }
    $plain = preg_replace('/[\p{C}\s]+/u', ' ', $value) ?? '';
    preg_match('/\A.{0,' . TEXT_LIMIT . '}/u', trim($plain), $match);
    return $match[0] ?? '';
}
