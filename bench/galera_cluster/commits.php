<?php
// A tenant's application that commits one row after the other over one connection with verified TLS, as fast as it is
// let. Run by `php -r`; the first line of standard input is a JSON object, a second line is the starting signal.
$told = json_decode(fgets(STDIN), true, 8, JSON_THROW_ON_ERROR);
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$link = mysqli_init();
$link->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, true);
$link->ssl_set(null, null, $told['trust'], null, null);
$link->real_connect($told['host'], $told['user'], $told['password'], $told['database'], $told['port'], null, MYSQLI_CLIENT_SSL);
foreach ($told['statements'] ?? [] as $statement) {
    $answer = $link->query($statement);
    if ($answer instanceof mysqli_result) {
        echo json_encode($answer->fetch_all()), "\n";
    }
}
if (!isset($told['seconds'])) {
    exit(0);
}
echo "ready\n";
fgets(STDIN);
$from = hrtime(true) + (int) ($told['warm'] * 1e9);
$end = $from + (int) ($told['seconds'] * 1e9);
$before = $counted = 0;
$slowest = 0;
for ($number = 0; ($began = hrtime(true)) < $end; $number++) {
    $link->query("INSERT INTO {$told['table']} (client, number, words) VALUES ({$told['client']}, $number, '{$told['words']}')");
    $ended = hrtime(true);
    if ($began < $from) {
        $before++;
    } else {
        $counted++;
        $slowest = max($slowest, $ended - $began);
    }
}
// What was begun before the end was answered a little after it.
$seconds = ($ended - $from) / 1e9;
echo json_encode(['commits' => $counted, 'before' => $before, 'seconds' => $seconds, 'slowest' => $slowest / 1e9]), "\n";
