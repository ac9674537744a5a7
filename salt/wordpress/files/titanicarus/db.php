<?php
// Written by Titanicarus (salt/wordpress). Changes here are lost.
//
// WordPress's own database class, with TLS that checks who answers, with patience while the writer of a shard moves, and
// with 503 where WordPress would show half a page. Linked to as wp-content/db.php.

final class Titanicarus_Database extends wpdb
{
    private const ROOT_CERTIFICATE = '/etc/titanicarus/pki/root.crt';
    private const CONNECT_SECONDS = 3;
    // A commit that waits for the standby may take a while; HAProxy cuts the connection when the writer has gone.
    private const ANSWER_SECONDS = 25;
    // A planned move takes less. Longer would fill the site's pool with requests that wait.
    private const PATIENCE_SECONDS = 5.0;
    private const PAUSE_MICROSECONDS = 150_000;

    // Of check_connection(), each with a second's sleep: the patience is in db_connect().
    protected $reconnect_retries = 1;
    private string $why = '';

    public function db_connect($allow_bail = true)
    {
        $this->is_mysql = true;
        mysqli_report(MYSQLI_REPORT_OFF);
        $until = microtime(true) + self::PATIENCE_SECONDS;
        $this->dbh = $this->attempt();
        while ($this->dbh === null && microtime(true) < $until) {
            usleep(self::PAUSE_MICROSECONDS);
            $this->dbh = $this->attempt();
        }
        if ($this->dbh === null) {
            error_log("database {$this->dbname} at {$this->dbhost}: {$this->why}");
            if ($allow_bail) {
                titanicarus_database_is_away();
            }
            return false;
        }
        if (!$this->has_connected) {
            $this->init_charset();
        }
        $this->has_connected = true;
        $this->set_charset($this->dbh);
        $this->ready = true;
        $this->set_sql_mode();
        $this->select($this->dbname, $this->dbh);
        return true;
    }

    public function check_connection($allow_bail = true)
    {
        if (parent::check_connection(false)) {
            return true;
        }
        if ($allow_bail && !headers_sent()) {
            titanicarus_database_is_away();
        }
        return false;
    }

    /** One try; null when it failed, and then $why says it. */
    private function attempt(): ?mysqli
    {
        [$host, $port] = $this->parse_db_host($this->dbhost);
        $connection = mysqli_init();
        $connection->options(MYSQLI_OPT_CONNECT_TIMEOUT, self::CONNECT_SECONDS);
        $connection->options(MYSQLI_OPT_READ_TIMEOUT, self::ANSWER_SECONDS);
        $connection->ssl_set(null, null, self::ROOT_CERTIFICATE, null, null);
        $flags = MYSQLI_CLIENT_SSL;
        if (@$connection->real_connect($host, $this->dbuser, $this->dbpassword, null, $port, null, $flags)) {
            return $connection;
        }
        $this->why = (string) $connection->connect_error;
        return null;
    }
}

/** Ends the request: the visitor, and a load balancer, learn that it is worth asking again. */
function titanicarus_database_is_away(): never
{
    require __DIR__ . '/db-error.php';
    exit;
}

$wpdb = new Titanicarus_Database(DB_USER, DB_PASSWORD, DB_NAME, DB_HOST);
