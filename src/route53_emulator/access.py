"""Who may call what, and how often: signatures (AWS Signature Version 4), allow lists, and five requests a second."""

from __future__ import annotations

import configparser
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote_plus

from route53_emulator.errors import ApiError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=5)


def read_credentials(path: Path) -> dict[str, str]:
    """Secrets by access key id, of every profile of a file in AWS's shared credentials format."""
    parser = configparser.ConfigParser()
    parser.read_string(path.read_text())
    profiles = [parser[section] for section in parser.sections()]
    return {profile["aws_access_key_id"]: profile["aws_secret_access_key"] for profile in profiles}


def read_policy(path: Path) -> dict[str, frozenset[str]]:
    """Allowed operations by access key id, from JSON `{"AKID": ["ListHostedZones", …]}`; a key that is not in it may do
    everything."""
    return {key: frozenset(operations) for key, operations in json.loads(path.read_text()).items()}


class Access:
    """The gate before the API. `rate` in requests a second, which is also how many may come at once."""

    def __init__(
        self,
        credentials: Mapping[str, str],
        policy: Mapping[str, frozenset[str]],
        rate: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._policy = policy
        self._rate = rate
        self._clock = clock
        self._tokens, self._filled = rate, clock()
        self._lock = threading.Lock()

    def admit(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
        """The access key id of a request that is signed by it. Raises ApiError. Header names are lower case."""
        match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if not match:
            raise ApiError("MissingAuthenticationToken", "Missing Authentication Token")
        secret = self._credentials.get(match["key"])
        if secret is None:
            raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.")
        stamp = headers.get("x-amz-date", "")
        self._check_time(stamp)
        expected = signature(secret, match, method=method, target=target, headers=headers, body=body)
        if not hmac.compare_digest(expected, match["signature"]) or not stamp.startswith(match["date"]):
            raise ApiError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details.",
            )
        return match["key"]

    def permit(self, key: str, operation: str) -> None:
        """Raises ApiError: AccessDenied."""
        allowed = self._policy.get(key)
        if allowed is not None and operation not in allowed:
            raise ApiError("AccessDenied", f"User: {key} is not authorized to perform: route53:{operation}")

    def throttle(self) -> None:
        """Raises ApiError: Throttling."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._rate, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            if self._tokens < 1:
                raise ApiError("Throttling", "Rate exceeded")
            self._tokens -= 1

    @staticmethod
    def _check_time(stamp: str) -> None:
        try:
            signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise ApiError("SignatureDoesNotMatch", "The request has no X-Amz-Date that can be read") from error
        if abs(datetime.now(UTC) - signed) > _SKEW:
            raise ApiError("SignatureDoesNotMatch", f"Signature expired: {stamp} is not within 5 minutes of now")


def signature(
    secret: str, match: re.Match[str], *, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> str:
    """What the request should be signed with (AWS General Reference, "Create a signed request")."""
    path, _, query = target.partition("?")
    pairs = sorted(_encoded(pair) for pair in query.split("&") if pair)
    names = match["headers"].split(";")
    signed = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in names)
    request = "\n".join(
        [method, quote(path, safe="/~"), "&".join(pairs), signed, match["headers"], hashlib.sha256(body).hexdigest()]
    )
    scope = f"{match['date']}/{match['region']}/{match['service']}/aws4_request"
    text = "\n".join(
        ["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), scope, hashlib.sha256(request.encode()).hexdigest()]
    )
    key = f"AWS4{secret}".encode()
    for part in (match["date"], match["region"], match["service"], "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _encoded(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{quote(unquote_plus(name), safe='-_.~')}={quote(unquote_plus(value), safe='-_.~')}"
