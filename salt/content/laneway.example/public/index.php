<?php

declare(strict_types=1);

// A shopping list with a sign-in. Everything it knows is in the session: it shows that a visitor keeps their list when
// the web server that answered them goes away.

require __DIR__ . '/../lib/session.php';
require __DIR__ . '/../lib/page.php';

use Laneway\Page;
use Laneway\Session;

Session\begin();
Page\headers();
$notice = '';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    if (Session\tokenMatches($_POST['token'] ?? null)) {
        $notice = act();
        if ($notice === '') {
            header('Location: /', true, 303); // so that reloading the page does not send the form again
            exit;
        }
    } else {
        http_response_code(403);
        $notice = 'This form was from another session. Here is a fresh one.';
    }
}
Page\show($_SESSION, (string) gethostname(), $notice);

/** Do what the form asks for; gives a sentence for the visitor when it cannot be done. */
function act(): string
{
    $signedIn = $_SESSION['name'] !== null;
    $action = $_POST['action'] ?? '';
    if ($action === 'sign-in') {
        $name = Session\line($_POST['name'] ?? null);
        if ($name === '') {
            return 'A name, please; any name will do.';
        }
        Session\signIn($name);
        return '';
    }
    if (!$signedIn) {
        return 'Please say who you are first.';
    }
    if ($action === 'add') {
        $item = Session\line($_POST['item'] ?? null);
        if ($item === '') {
            return 'Nothing was written down.';
        }
        Session\addItem($item);
    } elseif ($action === 'remove') {
        Session\removeItem((int) filter_var($_POST['place'] ?? '', FILTER_VALIDATE_INT, ['options' => ['default' => -1]]));
    } elseif ($action === 'sign-out') {
        Session\signOut();
    } else {
        return 'That button is not on this counter.';
    }
    return '';
}
