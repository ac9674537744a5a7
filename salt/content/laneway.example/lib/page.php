<?php

declare(strict_types=1);

// The one page of the application.

namespace Laneway\Page;

/** Text made safe for HTML. */
function h(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
}

/** Headers for every answer: nothing is cached, nothing from elsewhere is loaded. */
function headers(): void
{
    header('Cache-Control: no-store');
    header("Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    header('Referrer-Policy: same-origin');
    header('X-Content-Type-Options: nosniff');
}

/** @param array{name: ?string, items: list<string>, visits: int, token: string} $session */
function show(array $session, string $server, string $notice = ''): void
{
    $token = '<input type="hidden" name="token" value="' . h($session['token']) . '">';
    ?>
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Laneway Coffee: the shopping list</title>
  <link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
  <h1>Laneway Coffee</h1>
  <p>The shopping list behind the counter</p>
</header>
<main>
<?php if ($notice !== ''): ?>
  <p class="notice" role="status"><?= h($notice) ?></p>
<?php endif ?>
<?php if ($session['name'] === null): ?>
  <form method="post" action="/">
    <?= $token ?>
    <label for="name">Who is behind the counter?</label>
    <input id="name" name="name" maxlength="80" required autofocus autocomplete="nickname">
    <button name="action" value="sign-in">Start the shift</button>
  </form>
<?php else: ?>
  <p class="hello">Good to see you, <strong><?= h($session['name']) ?></strong>.</p>
  <form method="post" action="/">
    <?= $token ?>
    <label for="item">What have we run out of?</label>
    <input id="item" name="item" maxlength="80" required autofocus autocomplete="off" placeholder="Oat milk, the good one">
    <button name="action" value="add">Add</button>
  </form>
  <?php if ($session['items'] === []): ?>
  <p>Nothing to buy. Somebody had a quiet morning.</p>
  <?php else: ?>
  <ol class="items">
    <?php foreach ($session['items'] as $place => $item): ?>
    <li>
      <span><?= h($item) ?></span>
      <form method="post" action="/">
        <?= $token ?>
        <input type="hidden" name="place" value="<?= $place ?>">
        <button name="action" value="remove" aria-label="Bought: <?= h($item) ?>">Bought</button>
      </form>
    </li>
    <?php endforeach ?>
  </ol>
  <?php endif ?>
  <form method="post" action="/"><?= $token ?><button class="quiet" name="action" value="sign-out">End the shift</button></form>
<?php endif ?>
</main>
<footer>
  Look <?= $session['visits'] ?> at this list in this session. This one was poured by <strong id="server"><?= h($server) ?></strong>;
  the next may come from its neighbour, and the list will be the same.
</footer>
</body>
</html>
    <?php
}
