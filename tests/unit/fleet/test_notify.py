"""What control hosts are told of who is told when a person has to look."""

from __future__ import annotations

from fixtures.repository import Repository

from titanicarus.fleet import pillar_for
from titanicarus.heal.notify import channels

POLICY = "pillar/policy.yaml"


def test_the_policy_says_who_is_told_and_how(repository: Repository) -> None:
    repository.put(POLICY, ("notify_emails",), ["ops@sample.example"])
    repository.put(POLICY, ("notify_relay",), "mail.sample.example:465")
    repository.put(POLICY, ("notify_webhook",), "https://chat.sample.example/hook")
    told = pillar_for(repository.load(), "syd-store1")["guard"]
    assert told["fleet"] == "sample"
    found = channels(told["notify"])
    assert (found.emails, found.relay) == (("ops@sample.example",), ("mail.sample.example", 465))
    assert (found.sender, found.webhook) == ("titanicarus@sample.example", "https://chat.sample.example/hook")
    assert set(found.named()) == {"e-mail", "webhook"}


def test_mail_goes_to_the_port_for_new_mail(repository: Repository) -> None:
    repository.put(POLICY, ("notify_emails",), ["ops@sample.example"])
    repository.put(POLICY, ("notify_relay",), "mail.sample.example")
    found = channels(pillar_for(repository.load(), "syd-store1")["guard"]["notify"])
    assert found.relay == ("mail.sample.example", 587)
    assert set(found.named()) == {"e-mail"}


def test_nobody_is_told_unless_the_policy_says_so(repository: Repository) -> None:
    assert pillar_for(repository.load(), "syd-store1")["guard"]["notify"] is None
