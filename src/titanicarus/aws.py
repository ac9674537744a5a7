"""Amazon's account, as far as the project uses one: the only module that imports boto3.

Every failure is one of the errors below, which says what is wrong and what to do. "Cannot read" is always an error and
never an empty answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions as faults
import botocore.parsers
import botocore.session

FOLDER = Path("/etc/titanicarus/aws")
_BAD_KEY = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidSignature"}
)
_BAD_RIGHTS = frozenset({"AccessDenied", "AccessDeniedException"})
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "PriorRequestNotComplete",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_HALF = (
    faults.IncompleteReadError,
    faults.ResponseStreamingError,
    faults.ConnectionClosedError,
    faults.HTTPClientError,
)

_NAMES = {"route53": "Route53", "dynamodb": "DynamoDB"}


class AWSError(Exception):
    """Something about AWS; the message says what to do."""


class NotSetUp(AWSError):
    """This fleet has no AWS account, or half of what is needed to use one."""


class BadCredentials(AWSError):
    """AWS does not know the key, or not with this secret."""


class NotAllowed(AWSError):
    """The key is good and may not do this."""


class Throttled(AWSError):
    """Too many requests, also after waiting."""


class OutOfReach(AWSError):
    """No connection, or no answer in time. What was asked for may have been done."""


class Unreadable(AWSError):
    """An answer that is cut off, or not what the API promises."""


class Refused(AWSError):
    """The service says no; nothing of what was asked for was done. `code` is AWS's word for why."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def client(service: str, folder: Path = FOLDER, *, connect: float, read: float, attempts: int) -> Any:
    """A boto3 client. `connect` and `read` are seconds; with one attempt nothing is sent twice. Raises NotSetUp."""
    config, credentials = folder / "config", folder / "credentials"
    for path in (config, credentials):
        if not path.is_file():
            raise NotSetUp(f"there is no {path}: AWS is not set up for this fleet (docs/aws.md says how)")
    session = botocore.session.Session()
    session.set_config_variable("config_file", str(config))
    session.set_config_variable("credentials_file", str(credentials))
    options = botocore.config.Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    with told_apart(service):
        if not session.get_config_variable("region"):
            raise NotSetUp(f"{config} names no region: add `region = ...` under [default] (docs/aws.md)")
        return boto3.Session(botocore_session=session).client(service, config=options)


@contextmanager
def told_apart(service: str) -> Iterator[None]:
    """Turn what boto3 raises into the errors of this module."""
    name = _NAMES.get(service, service)
    try:
        yield
    except (faults.NoCredentialsError, faults.PartialCredentialsError) as error:
        raise NotSetUp(f"no key for AWS in {FOLDER}/credentials: {error} (docs/aws.md)") from error
    except (faults.NoRegionError, faults.ConfigParseError, faults.ProfileNotFound) as error:
        raise NotSetUp(f"{FOLDER}/config cannot be used: {error} (docs/aws.md)") from error
    except faults.ClientError as error:
        raise _of_code(error, name) from error
    except (botocore.parsers.ResponseParserError, KeyError) as error:
        raise Unreadable(
            f"{name}'s answer could not be read: {error!r}; nothing more was changed, run it again"
        ) from error
    except (faults.EndpointConnectionError, faults.ConnectTimeoutError, faults.ReadTimeoutError) as error:
        raise OutOfReach(f"{name} did not answer: {error}") from error
    except _HALF as error:
        raise Unreadable(f"{name}'s answer was cut off: {error}; run it again") from error
    except faults.BotoCoreError as error:  # TLS for one: a clock that is wrong, a cut in the middle of the handshake
        raise OutOfReach(f"{name} could not be asked: {error}") from error


def _of_code(error: faults.ClientError, name: str) -> AWSError:
    code = error.response.get("Error", {}).get("Code", "")
    said = error.response.get("Error", {}).get("Message", "")
    if code in _BAD_KEY:
        return BadCredentials(f"AWS refuses the key in {FOLDER}/credentials ({code}: {said})")
    if code in _BAD_RIGHTS:
        return NotAllowed(f"the key may not call {error.operation_name} ({said}): docs/aws.md has the policy")
    if code in _THROTTLED:
        return Throttled(f"{name} takes no more requests now ({code}: {said}): wait a minute and run it again")
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return OutOfReach(f"{name} has a fault of its own ({code}: {said})")
    return Refused(f"{error.operation_name} was refused ({code}): {said}", code)
