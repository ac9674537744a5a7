"""The errors of the API, with Route53's own codes and HTTP statuses."""

from __future__ import annotations

from collections.abc import Sequence

STATUS = {
    "AccessDenied": 403,
    "HealthCheckAlreadyExists": 409,
    "HealthCheckVersionMismatch": 409,
    "HostedZoneAlreadyExists": 409,
    "InternalFailure": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "NoSuchChange": 404,
    "NoSuchHealthCheck": 404,
    "NoSuchHostedZone": 404,
    "RequestEntityTooLarge": 413,
    "SignatureDoesNotMatch": 403,
    "UnknownOperationException": 404,
}


class ApiError(Exception):
    """An answer that is an error: `code` as boto3 shows it, and the message that a human reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status; 400 unless the API says otherwise."""
        return STATUS.get(self.code, 400)


def invalid_input(message: str) -> ApiError:
    """What the API says when a single value, or the shape of the request, is wrong."""
    return ApiError("InvalidInput", message)


def invalid_batch(messages: Sequence[str]) -> ApiError:
    """A refused change batch: every reason at once, in the brackets that Route53 puts around them."""
    return ApiError("InvalidChangeBatch", f"[{', '.join(messages)}]")
