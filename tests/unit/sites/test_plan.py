"""The one diff of all sites."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from titanicarus.sites.model import BadSite, Observed, Owned, Seen, Site, placeholder_sha256, sites_from
from titanicarus.sites.plan import describe, plan, record_after, sysusers, wanted_files

READER = 33
SITE = Site("harbour.example", "www-harbour-example", 1_000_007, False, ".", {"index.html": "aa", "img/b.svg": "bb"})
PHP = Site("laneway.example", "www-laneway-example", 1_000_008, True, "public", {"public/index.php": "cc"})


def seen(site: Site, sha256: str | None) -> Seen:
    return Seen(sha256, Owned(site.uid, READER, 0o640))


def settled(*sites: Site) -> Observed:
    """A host on which all is well."""
    return Observed(
        accounts={site.user: (site.uid, site.uid) for site in sites},
        folders={site.name: Owned(site.uid, READER, 0o2750) for site in sites},
        scratch={site.user: Owned(site.uid, site.uid, 0o700) for site in sites if site.php},
        files={site.name: {path: seen(site, sha256) for path, sha256 in site.contents.items()} for site in sites},
        record={site.name: dict(site.contents) for site in sites},
        users={site.name: site.user for site in sites},
    )


def test_nothing_to_do_on_a_settled_host() -> None:
    steps = plan([SITE, PHP], settled(SITE, PHP), READER)
    assert not steps
    assert describe(steps) == {}


def test_a_new_site_gets_everything() -> None:
    (work,) = plan([PHP], Observed(), READER).work
    assert work.add_user and work.folder and work.scratch
    assert work.write == ("public/index.php",)


def test_a_site_without_php_has_no_scratch_folder() -> None:
    (work,) = plan([SITE], Observed(), READER).work
    assert not work.scratch


def test_php_switched_off_removes_the_scratch_folder() -> None:
    steps = plan([replace(PHP, php=False)], settled(PHP), READER)
    assert steps.drop_scratch == (PHP.user,)


def test_only_files_that_differ_are_written() -> None:
    observed = replace(
        settled(SITE), files={SITE.name: {"index.html": seen(SITE, "zz"), "img/b.svg": seen(SITE, "bb")}}
    )
    (work,) = plan([SITE], observed, READER).work
    assert work.write == ("index.html",)
    assert not (work.add_user or work.folder or work.fix)


def test_something_else_in_the_place_of_a_file_is_written_over() -> None:
    files = {SITE.name: {"index.html": seen(SITE, None), "img/b.svg": seen(SITE, "bb")}}
    (work,) = plan([SITE], replace(settled(SITE), files=files), READER).work
    assert work.write == ("index.html",)


def test_a_wrong_owner_is_put_right_without_fetching() -> None:
    stolen = Seen("aa", Owned(0, 0, 0o666))
    observed = replace(settled(SITE), files={SITE.name: {"index.html": stolen, "img/b.svg": seen(SITE, "bb")}})
    (work,) = plan([SITE], observed, READER).work
    assert (work.fix, work.write) == (("index.html",), ())


def test_a_file_that_left_the_contents_is_removed() -> None:
    less = replace(SITE, contents={"index.html": "aa"})
    (work,) = plan([less], settled(SITE), READER).work
    assert work.remove == ("img/b.svg",)


def test_a_file_that_left_the_contents_but_was_changed_here_is_kept() -> None:
    less = replace(SITE, contents={"index.html": "aa"})
    observed = replace(settled(SITE), files={SITE.name: {"index.html": seen(SITE, "aa"), "img/b.svg": seen(SITE, "!")}})
    assert not plan([less], observed, READER)


def test_files_that_were_never_ours_are_left_alone() -> None:
    observed = settled(SITE)
    files = {SITE.name: {**observed.files[SITE.name], "upload.jpg": seen(SITE, "dd")}}
    assert not plan([SITE], replace(observed, files=files), READER)


def test_a_site_that_is_gone_is_moved_aside_and_its_user_locked() -> None:
    steps = plan([SITE], settled(SITE, PHP), READER)
    assert (steps.retire, steps.lock, steps.drop_scratch) == ((PHP.name,), (PHP.user,), (PHP.user,))
    assert not steps.work


def test_a_locked_user_is_not_locked_again() -> None:
    observed = replace(settled(SITE, PHP), folders=settled(SITE).folders, scratch={}, locked=frozenset({PHP.user}))
    assert not plan([SITE], observed, READER)


def test_a_site_that_comes_back_is_unlocked() -> None:
    (work,) = plan([SITE], replace(settled(SITE), locked=frozenset({SITE.user})), READER).work
    assert work.unlock
    assert not work.add_user


def test_a_user_with_another_uid_is_a_conflict_that_names_both() -> None:
    observed = replace(settled(SITE), accounts={SITE.user: (4711, 4711)})
    (conflict,) = plan([SITE], observed, READER).conflicts
    assert "4711" in conflict and str(SITE.uid) in conflict


def test_a_uid_of_somebody_else_is_a_conflict() -> None:
    (conflict,) = plan([SITE], Observed(accounts={"backup": (SITE.uid, 34)}), READER).conflicts
    assert "backup" in conflict


EMPTY = replace(SITE, contents={})


def test_a_site_whose_files_are_uploaded_gets_none() -> None:
    assert wanted_files(replace(SITE, contents={}, uploads=True), Observed()) == {}


def test_an_empty_site_gets_a_placeholder() -> None:
    assert wanted_files(EMPTY, Observed()) == {"index.html": placeholder_sha256(EMPTY)}


def test_a_placeholder_does_not_replace_a_page_that_was_put_there() -> None:
    observed = Observed(files={EMPTY.name: {"index.html": seen(EMPTY, "theirs")}})
    assert wanted_files(EMPTY, observed) == {}


def test_the_placeholder_goes_when_contents_come_elsewhere() -> None:
    moved = replace(SITE, root="public", contents={"public/index.html": "aa"})
    ours = placeholder_sha256(EMPTY)
    observed = replace(
        settled(moved),
        files={SITE.name: {"index.html": seen(SITE, ours), "public/index.html": seen(SITE, "aa")}},
        record={SITE.name: {"index.html": ours}},
    )
    (work,) = plan([moved], observed, READER).work
    assert work.remove == ("index.html",)


def test_the_record_is_what_is_wanted() -> None:
    assert record_after([SITE], Observed()) == {SITE.name: dict(SITE.contents)}


def test_users_file() -> None:
    text = sysusers([SITE], "/srv/www")
    line = 'u www-harbour-example 1000007 "Web site harbour.example" /srv/www/harbour.example /usr/sbin/nologin\n'
    assert text.endswith(line)


def test_many_changes_are_counted() -> None:
    sites = [replace(SITE, name=f"s{number}.example", user=f"u{number}", uid=number) for number in range(100)]
    texts = describe(plan(sites, Observed(), READER), shown=10)
    assert len(texts) == 11
    assert texts["..."] == "and 90 more"


RAW: dict[str, Any] = {"name": "a.example", "user": "www-a", "uid": 5, "php": False, "root": ".", "contents": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../etc"},
        {"name": ".hidden"},
        {"name": ""},
        {"user": "a/b"},
        {"user": "-rf"},
        {"user": "a b"},
        {"root": "../up"},
        {"root": "/etc"},
        {"contents": {"../x": "aa"}},
        {"contents": {"/etc/passwd": "aa"}},
        {"contents": {"a/../../x": "aa"}},
    ],
)
def test_names_that_would_leave_the_folder_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSite):
        sites_from([{**RAW, **wrong}])


def test_sites_from_pillar() -> None:
    assert sites_from([RAW]) == (Site("a.example", "www-a", 5, False, ".", {}),)
