<?php
// Written by Titanicarus (salt/php). Changes here are lost.
//
// PHP sessions that outlive a web server. Every session is written to the stores of all web servers of the island and
// read from all that answer; the newest version counts. A store that was killed comes back empty, one that was frozen
// comes back with old values: neither logs anybody out. Why so: docs/adr/0031-php-sessions.md.
//
// Loaded in front of every script; all it does there is to register the handler.

namespace Titanicarus;

final class Store
{
    private const TIMEOUT_SECONDS = 0.15;
    private const REST_SECONDS = 2;

    private ?\Redis $connection = null;

    public function __construct(
        private readonly string $address,
        private readonly string $user,
        private readonly string $password,
    ) {
    }

    /** The value of a key: a string, false when there is none, null when the store does not answer. */
    public function get(string $key): string|false|null
    {
        return $this->ask(fn (\Redis $store) => $store->get($key));
    }

    public function set(string $key, string $value, int $seconds): bool
    {
        return $this->ask(fn (\Redis $store) => $store->setex($key, $seconds, $value)) === true;
    }

    public function keep(string $key, int $seconds): bool
    {
        return $this->ask(fn (\Redis $store) => $store->expire($key, $seconds)) === true;
    }

    private function ask(callable $question): mixed
    {
        if (!$this->connect()) {
            return null;
        }
        try {
            return $question($this->connection);
        } catch (\RedisException $error) {
            $this->rest($error);
            return null;
        }
    }

    private function connect(): bool
    {
        if ($this->connection !== null) {
            return true;
        }
        if ($this->resting()) {
            return false;
        }
        $connection = new \Redis();
        try {
            [$host, $port] = explode(':', $this->address) + [1 => '6379'];
            if (!@$connection->connect($host, (int) $port, self::TIMEOUT_SECONDS, null, 0, self::TIMEOUT_SECONDS)) {
                throw new \RedisException('no connection');
            }
            $connection->auth([$this->user, $this->password]);
        } catch (\RedisException $error) {
            $this->rest($error);
            return false;
        }
        @unlink($this->mark());
        $this->connection = $connection;
        return true;
    }

    /**
     * Whether the store failed a moment ago. One request in REST_SECONDS tries it again and pays the time-out; the
     * others go on at once.
     */
    private function resting(): bool
    {
        clearstatcache(true, $this->mark());
        $failed = @filemtime($this->mark());
        if ($failed === false) {
            return false;
        }
        if (abs(time() - $failed) < self::REST_SECONDS) {
            return true;
        }
        @touch($this->mark());
        return false;
    }

    private function rest(\RedisException $error): void
    {
        $this->connection = null;
        @touch($this->mark());
        error_log("session store {$this->address}: {$error->getMessage()}");
    }

    private function mark(): string
    {
        return sys_get_temp_dir() . '/store-' . strtr($this->address, '.:', '--') . '.down';
    }
}

final class SessionHandler implements \SessionHandlerInterface, \SessionUpdateTimestampHandlerInterface
{
    private int $version = 0;
    /** Some store holds less than the newest version: the next write goes to all, changed or not. */
    private bool $uneven = false;
    /** What read() found, so that validateId() and read() of one request ask the stores once. */
    private ?array $known = null;

    /** @param Store[] $stores */
    public function __construct(
        private readonly array $stores,
        private readonly string $prefix,
        private readonly int $seconds,
    ) {
    }

    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function close(): bool
    {
        $this->known = null;
        return true;
    }

    public function validateId(string $id): bool
    {
        $found = $this->newest($id);
        // No answer is not "no such session": keep the id, and let read() fail instead of starting an empty one.
        return $found === null || $found['data'] !== null;
    }

    public function read(string $id): string|false
    {
        $found = $this->newest($id);
        if ($found === null) {
            error_log('no session store answers; the session is left alone');
            return false;
        }
        return $found['data'] ?? '';
    }

    public function write(string $id, string $data): bool
    {
        return $this->put($id, 'L', $data);
    }

    public function updateTimestamp(string $id, string $data): bool
    {
        if ($this->uneven) {
            return $this->put($id, 'L', $data);
        }
        $kept = 0;
        foreach ($this->stores as $store) {
            $kept += (int) $store->keep($this->prefix . $id, $this->seconds);
        }
        return $kept > 0 || $this->put($id, 'L', $data);
    }

    public function destroy(string $id): bool
    {
        $this->newest($id);
        // A mark instead of a deletion: a store that is away now must not bring the session back later.
        return $this->put($id, 'D', '');
    }

    public function gc(int $max_lifetime): int|false
    {
        return 0;
    }

    /** ['data' => string|null] of the newest version, null when no store answers. */
    private function newest(string $id): ?array
    {
        if ($this->known !== null && $this->known['id'] === $id) {
            return $this->known['found'];
        }
        $answers = [];
        foreach ($this->stores as $index => $store) {
            $value = $store->get($this->prefix . $id);
            if ($value !== null) {
                $answers[$index] = self::parse($value);
            }
        }
        $found = null;
        foreach ($answers as $answer) {
            if ($found === null || $answer['version'] > $found['version']) {
                $found = $answer;
            }
        }
        $this->version = $found['version'] ?? 0;
        $this->uneven = count($answers) < count($this->stores)
            || count(array_unique(array_column($answers, 'version'))) > 1;
        $this->known = ['id' => $id, 'found' => $found];
        return $found;
    }

    private function put(string $id, string $kind, string $data): bool
    {
        $this->version++;
        $value = "$kind{$this->version}\n$data";
        $written = 0;
        foreach ($this->stores as $store) {
            $written += (int) $store->set($this->prefix . $id, $value, $this->seconds);
        }
        $this->uneven = $written < count($this->stores);
        $this->known = ['id' => $id, 'found' => ['version' => $this->version, 'data' => $kind === 'L' ? $data : null]];
        return $written > 0;
    }

    /** "L7\n<data>" lives, "D8\n" was ended; anything else counts as nothing. */
    private static function parse(string|false $value): array
    {
        if ($value === false || !preg_match('/^([LD])(\d{1,18})\n/', $value, $head)) {
            return ['version' => 0, 'data' => null];
        }
        $data = $head[1] === 'L' ? substr($value, strlen($head[0])) : null;
        return ['version' => (int) $head[2], 'data' => $data];
    }
}

(static function (): void {
    $settings = [];
    foreach (['SESSION_STORES', 'SESSION_USER', 'SESSION_PASSWORD', 'SESSION_SECONDS'] as $name) {
        $settings[] = (string) getenv($name);
        // Not for phpinfo(), not for a stray var_dump($_SERVER).
        putenv($name);
        unset($_SERVER[$name], $_ENV[$name]);
    }
    [$addresses, $user, $password, $seconds] = $settings;
    if ($addresses === '') {
        return;
    }
    $stores = [];
    foreach (explode(',', $addresses) as $address) {
        $stores[] = new Store($address, $user, $password);
    }
    session_set_save_handler(new SessionHandler($stores, "s:$user:", (int) $seconds), true);
})();
