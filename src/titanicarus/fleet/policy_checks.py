"""What must be true of the policy's choices together."""

from __future__ import annotations

from .document import Document
from .reading import Draft

RENEWALS = 3
"""How many renewals of a lease must fit into it, so that one lost request ends nothing."""


def check_lease_times(document: Document, policy: Draft) -> None:
    """A lease must outlast some renewals."""
    renew, lease = policy.get("lease_renew_seconds"), policy.get("lease_seconds")
    if renew is not None and lease is not None and lease < RENEWALS * renew:
        key = "lease_seconds" if "lease_seconds" in (document.data or {}) else "lease_renew_seconds"
        document.problem(
            (key,),
            f"a lease of {lease:g} s ends before {RENEWALS} renewals of {renew:g} s each could be tried; "
            f"make it {RENEWALS * renew:g} s or longer, or renew more often",
        )


def check_notify(document: Document, policy: Draft) -> None:
    """Who gets mail, and by which server: one without the other tells nobody."""
    emails, relay = policy.get("notify_emails"), policy.get("notify_relay")
    if emails and relay == "":
        document.problem(("notify_emails",), "needs `notify_relay`, the mail server that takes it")
    if relay and emails == []:
        document.problem(("notify_relay",), "needs `notify_emails`, who gets mail")
