"""Each thing that can be wrong in the tenants' files and the policy is told with its path, its value, and advice."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fixtures.repository import KEY, OTHER_KEY, REMOVED, Repository

from titanicarus.fleet.model import derived_uid

HARBOUR = "pillar/tenants/harbour.yaml"
LANEWAY = "pillar/tenants/laneway.yaml"
ALICE = ("users", "alice")
SITE = ("sites", "harbour.example")
SITE_PATH = 'sites["harbour.example"]'
REDIRECTS = (*SITE, "redirects")


def _wire(*parts: bytes) -> str:
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


_EXPONENT, _MODULUS = b"\x01\x00\x01", b"\x00" + b"\xc1" * 384
SHORT_RSA = "ssh-rsa " + _wire(b"ssh-rsa", _EXPONENT, _MODULUS[:129]) + " old@pc"
MIXED_TYPES = "ssh-ed25519 " + _wire(b"ssh-rsa", _EXPONENT, _MODULUS) + " x@y"
GOOD_RSA = "ssh-rsa " + _wire(b"ssh-rsa", _EXPONENT, _MODULUS) + " long@pc"
CUT_OFF = KEY.replace("pWbd2", "pW").replace(" alice@laptop", "")

Case = tuple[tuple[str | int, ...], Any, str, str, str]
SINGLE: list[Case] = [
    # where in harbour.yaml, what is put there, path of the problem, what is quoted, part of the advice
    (("tenant",), "harbor", "tenant", '"harbor"', "rename it to harbor.yaml"),
    (("tenant",), "Harbour!", "tenant", '"Harbour!"', "small letters, digits and single dashes"),
    (("tenant",), REMOVED, "tenant", "", "is missing: the tenant's name"),
    (("home",), "sid", "home", '"sid"', 'the islands are syd, mel; did you mean "syd"?'),
    (("home",), "per", "home", '"per"', "is not an island of the fleet"),
    (("home",), REMOVED, "home", "", "is missing: the island"),
    (("site",), {}, "site", "", 'did you mean "sites"?'),
    (("users",), None, "users", "", "is empty"),
    ((*ALICE, "full_name"), REMOVED, "users.alice.full_name", "", "is missing"),
    ((*ALICE, "full_name"), "Alice: Wong", "users.alice.full_name", '"Alice: Wong"', "one line of at most 100"),
    ((*ALICE, "full_name"), "{{ grains }}", "users.alice.full_name", '"{{ grains }}"', "one line of at most 100"),
    ((*ALICE, "full_name"), "", "users.alice.full_name", '""', "is empty"),
    ((*ALICE, "email"), "alice at harbour", "users.alice.email", '"alice at harbour"', "alice@harbour.example"),
    ((*ALICE, "ssh_key"), KEY, "users.alice.ssh_key", f'"{KEY[:68]}…', "is not a key here"),
    ((*ALICE, "ssh_keys"), KEY, "users.alice.ssh_keys", f'"{KEY[:68]}…', "put it in [ ]"),
    ((*ALICE, "ssh_keys", 0), "AAAAC3Nz", "users.alice.ssh_keys[0]", '"AAAAC3Nz"', "as it stands in the .pub file"),
    ((*ALICE, "ssh_keys", 0), CUT_OFF, "users.alice.ssh_keys[0]", f'"{CUT_OFF[:68]}…', "the key itself is damaged"),
    ((*ALICE, "ssh_keys", 0), "ssh-ed25519", "users.alice.ssh_keys[0]", '"ssh-ed25519"', 'type "nothing"'),
    ((*ALICE, "ssh_keys", 0), "ssh-dss AAAA", "users.alice.ssh_keys[0]", '"ssh-dss AAAA"', "ssh-keygen -t ed25519"),
    ((*ALICE, "ssh_keys", 0), SHORT_RSA, "users.alice.ssh_keys[0]", f'"{SHORT_RSA[:68]}…', "of 1024 bits, too few"),
    ((*ALICE, "ssh_keys", 0), MIXED_TYPES, "users.alice.ssh_keys[0]", f'"{MIXED_TYPES[:68]}…', 'of type "ssh-rsa"'),
    ((*ALICE, "ssh_keys", 0), f"no-pty {KEY}", "users.alice.ssh_keys[0]", f'"no-pty {KEY[:61]}…', "has options before"),
    ((*ALICE, "ssh_keys", 0), KEY + "$(id)", "users.alice.ssh_keys[0]", f'"{KEY[:68]}…', "odd characters"),
    ((*ALICE, "ssh_keys", 1), KEY, "users.alice.ssh_keys[1]", f'"{KEY[:68]}…', "is in this list twice"),
    (("users", "root"), {"full_name": "R", "email": "r@r.example"}, "users.root", '"root"', "a name of the system"),
    (("users", "www-shop"), {"full_name": "R", "email": "r@r.example"}, "users.www-shop", '"www-shop"', "web sites"),
    (("users", "Alice"), {"full_name": "A", "email": "a@a.example"}, "users.Alice", '"Alice"', "small letters"),
    (("users", "bruno"), {"full_name": "B", "email": "b@b.example"}, "users.bruno", "", "already at users.bruno"),
    (SITE, None, SITE_PATH, "", "is empty; its keys are aliases, php, root"),
    (
        ("sites", "Harbour.example"),
        {},
        'sites["Harbour.example"]',
        '"Harbour.example"',
        'small letters: "harbour.example"',
    ),
    (("sites", "münchen.example"), {}, 'sites["münchen.example"]', '"münchen.example"', '"xn--mnchen-3ya.example"'),
    (("sites", "xn--0.example"), {}, 'sites["xn--0.example"]', '"xn--0.example"', "not a valid encoding"),
    (("sites", "*.harbour.example"), {}, 'sites["*.harbour.example"]', '"*.harbour.example"', "wildcards"),
    (("sites", "my_site.example"), {}, 'sites["my_site.example"]', '"my_site.example"', 'no "_"; use "-"'),
    (("sites", "-x.example"), {}, 'sites["-x.example"]', '"-x.example"', "no dash at an end"),
    (("sites", "10.1.2.3"), {}, 'sites["10.1.2.3"]', '"10.1.2.3"', "is an address"),
    (("sites", "x.sample.example"), {}, 'sites["x.sample.example"]', '"x.sample.example"', "keeps for its own hosts"),
    (("sites", "sample.example"), {}, 'sites["sample.example"]', '"sample.example"', "keeps for its own hosts"),
    (("sites", "laneway.example"), {}, 'sites["laneway.example"]', "", "already"),
    ((*SITE, "alias"), [], f"{SITE_PATH}.alias", "", 'did you mean "aliases"?'),
    ((*SITE, "aliases"), None, f"{SITE_PATH}.aliases", "", "leave it out or write a list"),
    ((*SITE, "aliases", 0), "harbour.example", f"{SITE_PATH}.aliases[0]", '"harbour.example"', "the site's own name"),
    ((*SITE, "aliases", 1), "www.harbour.example", f"{SITE_PATH}.aliases[1]", '"www.harbour.example"', "already at"),
    ((*SITE, "aliases", 1), "shop.harbour.example", f"{SITE_PATH}.aliases[1]", '"shop.harbour.example"', "already at"),
    (
        (*SITE, "aliases", 1),
        "a.sample.example",
        f"{SITE_PATH}.aliases[1]",
        '"a.sample.example"',
        "inside sample.example",
    ),
    ((*SITE, "aliases", 1), 7, f"{SITE_PATH}.aliases[1]", "7", "put it in quotes"),
    ((*SITE, "php"), "yes", f"{SITE_PATH}.php", '"yes"', "write true"),
    ((*SITE, "php"), "perhaps", f"{SITE_PATH}.php", '"perhaps"', "write true or false"),
    (
        (*SITE, "root"),
        "../shop.harbour.example",
        f"{SITE_PATH}.root",
        '"../shop.harbour.example"',
        "leaves the site's own",
    ),
    ((*SITE, "root"), "a/../../b", f"{SITE_PATH}.root", '"a/../../b"', "leaves the site's own"),
    ((*SITE, "root"), "/public", f"{SITE_PATH}.root", '"/public"', 'perhaps "public"'),
    ((*SITE, "root"), "public/", f"{SITE_PATH}.root", '"public/"', 'write it as "public"'),
    ((*SITE, "root"), ".git", f"{SITE_PATH}.root", '".git"', 'do not start with "."'),
    ((*SITE, "root"), "a; }", f"{SITE_PATH}.root", '"a; }"', "folder names have"),
    ((*SITE, "root"), "public", f"{SITE_PATH}.root", '"public"', "no files in salt/content/harbour.example/public"),
    ((*SITE, "uid"), 500, f"{SITE_PATH}.uid", "500", "from 1000000 to 1999999999"),
    ((*SITE, "uid"), "1000001", f"{SITE_PATH}.uid", '"1000001"', "without quotes"),
    ((*SITE, "https"), 1, f"{SITE_PATH}.https", "1", "write true"),
    (REDIRECTS, ["/a"], f"{SITE_PATH}.redirects", "", "should be a mapping"),
    ((*REDIRECTS, "old"), "/new.html", f"{SITE_PATH}.redirects.old", '"old"', 'should start with "/"'),
    ((*REDIRECTS, "/a?b=1"), "/x", f'{SITE_PATH}.redirects["/a?b=1"]', '"/a?b=1"', "cannot have a query"),
    ((*REDIRECTS, "/a b"), "/x", f'{SITE_PATH}.redirects["/a b"]', '"/a b"', "characters that a redirect cannot have"),
    ((*REDIRECTS, "/a;}"), "/x", f'{SITE_PATH}.redirects["/a;}}"]', '"/a;}"', "characters that a redirect cannot have"),
    ((*REDIRECTS, "/a/../b"), "/x", f'{SITE_PATH}.redirects["/a/../b"]', '"/a/../b"', "as it is asked for"),
    ((*REDIRECTS, "/healthz/web"), "/x", f'{SITE_PATH}.redirects["/healthz/web"]', '"/healthz/web"', "platform itself"),
    (
        (*REDIRECTS, "http://x.example/"),
        "/x",
        f'{SITE_PATH}.redirects["http://x.example/"]',
        '"http://x.example/"',
        "a path of this",
    ),
    (
        (*REDIRECTS, "/a"),
        "//evil.example/",
        f'{SITE_PATH}.redirects["/a"]',
        '"//evil.example/"',
        "https://evil.example/",
    ),
    (
        (*REDIRECTS, "/a"),
        "new.html",
        f'{SITE_PATH}.redirects["/a"]',
        '"new.html"',
        "should be a path such as /new.html",
    ),
    ((*REDIRECTS, "/a"), "ftp://x.example/", f'{SITE_PATH}.redirects["/a"]', '"ftp://x.example/"', "or a URL such as"),
    (
        (*REDIRECTS, "/a"),
        "https://x.example:0/",
        f'{SITE_PATH}.redirects["/a"]',
        '"https://x.example:0/"',
        "has a port",
    ),
    (
        (*REDIRECTS, "/a"),
        "https://x.example:70000",
        f'{SITE_PATH}.redirects["/a"]',
        '"https://x.example:70000"',
        "has a port",
    ),
    ((*REDIRECTS, "/a"), "https://X/", f'{SITE_PATH}.redirects["/a"]', '"https://X/"', "the name in this URL"),
    ((*REDIRECTS, "/a"), "/b%zz", f'{SITE_PATH}.redirects["/a"]', '"/b%zz"', "two hexadecimal digits"),
    ((*REDIRECTS, "/a"), "/b\r\nX: y", f'{SITE_PATH}.redirects["/a"]', '"/b\\r\\nX: y"', "should be a path"),
    ((*REDIRECTS, "/a"), "/$host", f'{SITE_PATH}.redirects["/a"]', '"/$host"', "should be a path"),
    ((*REDIRECTS, "/a"), "/a", f'{SITE_PATH}.redirects["/a"]', '"/a"', "redirects to itself"),
    (
        (*REDIRECTS, "/a"),
        "https://www.harbour.example/a?x",
        f'{SITE_PATH}.redirects["/a"]',
        '"https://www.harbour.example/a?x"',
        "to itself",
    ),
    ((*REDIRECTS, "/new.html"), "/old", f'{SITE_PATH}.redirects["/old"]', '"/new.html"', "/old → /new.html → /old"),
]


@pytest.mark.parametrize("case", SINGLE)
def test_one_fault_is_one_problem(repository: Repository, case: Case) -> None:
    where, value, path, found, advice = case
    repository.put(HARBOUR, where, value)
    problems = [problem for problem in repository.problems() if problem.file in (HARBOUR, LANEWAY)]
    assert len(problems) == 1, problems
    (problem,) = problems
    if problem.file == HARBOUR:  # of two files with the same name the later one is told
        assert problem.path == path
        assert problem.found == found
    assert advice in problem.message
    assert problem.line is not None


def test_a_second_user_of_a_name_is_told_where_the_first_is(repository: Repository) -> None:
    repository.put(LANEWAY, ("users", "alice"), {"full_name": "Alice Two", "email": "a@b.example"})
    repository.put(LANEWAY, ("sites", "laneway.example", "aliases"), ["harbour.example", "www.harbour.example"])
    problems = repository.problems()
    assert [problem.path for problem in problems] == [
        "users.alice",
        'sites["laneway.example"].aliases[0]',
        'sites["laneway.example"].aliases[1]',
    ]
    for problem in problems:
        assert problem.file == LANEWAY
        assert f"({HARBOUR}:" in problem.message


def test_a_redirect_loop_over_two_tenants_is_one_problem(repository: Repository) -> None:
    repository.put(HARBOUR, REDIRECTS, {"/a": "https://laneway.example/b", "/fine": "https://elsewhere.example/"})
    repository.put(LANEWAY, ("sites", "laneway.example", "redirects"), {"/b": "http://www.harbour.example/a#top"})
    (problem,) = repository.problems()
    assert "harbour.example/a → laneway.example/b → harbour.example/a" in problem.message


def test_redirects_that_only_meet_are_fine(repository: Repository) -> None:
    repository.put(HARBOUR, REDIRECTS, {"/a": "/b", "/b": "/c", "/d": "/b", "/e": "https://x.example:8443/e?q=%20#f"})
    assert repository.problems() == ()


def test_colliding_unix_ids_are_told_and_can_be_settled(repository: Repository) -> None:
    other = derived_uid("harbour.example")
    repository.put(LANEWAY, ("sites", "laneway.example", "uid"), other)
    (problem,) = repository.problems()
    assert problem.path == 'sites["laneway.example"].uid'
    assert f"uid: {other + 1}" in problem.message
    repository.put(LANEWAY, ("sites", "laneway.example", "uid"), other + 1)
    declaration = repository.load()
    assert {site.name: site.uid for _, site in declaration.sites}["laneway.example"] == other + 1


def test_private_keys_are_refused_loudly(repository: Repository) -> None:
    repository.put(HARBOUR, (*ALICE, "ssh_keys", 0), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END")
    (problem,) = repository.problems()
    assert "treat it as stolen" in problem.message


def test_good_keys_of_several_kinds(repository: Repository) -> None:
    ecdsa = "ecdsa-sha2-nistp256 " + _wire(b"ecdsa-sha2-nistp256", b"nistp256", b"\x04" * 65) + " x"
    repository.put(HARBOUR, (*ALICE, "ssh_keys"), [KEY, OTHER_KEY, GOOD_RSA, ecdsa, KEY.rsplit(" ", 1)[0] + "  "])
    problems = repository.problems()
    assert problems == ()


def test_a_broken_saguirefile_does_not_make_homes_wrong(repository: Repository) -> None:
    repository.texts["Saguirefile"] = "fleet: [\n"
    problems = repository.problems()
    assert {problem.file for problem in problems} == {"Saguirefile"}


def test_a_home_whose_entry_is_refused_exists(repository: Repository) -> None:
    repository.put("Saguirefile", ("islands", "syd"), 7)
    (problem,) = repository.problems()
    assert problem.path == "islands.syd"


@pytest.mark.parametrize(
    ("key", "value", "found", "advice"),
    [
        ("session_minutes", 4, "4", "from 5 to 43200 minutes"),
        ("session_minutes", "60", '"60"', "without quotes"),
        ("certificate_days", 398, "398", "from 7 to 397 days"),
        ("certificate_days", True, "true", "whole number of days"),
        ("certificate_dais", 30, "30", "is not a key here"),
        ("notify_emails", ["ops@sample.example"], "", "needs `notify_relay`"),
        ("notify_relay", "mail.sample.example", '"mail.sample.example"', "needs `notify_emails`"),
        ("notify_relay", "mail.sample.example:0", '"mail.sample.example:0"', "host and port"),
        ("notify_webhook", "http://chat.sample.example/", '"http://chat.sample.example/"', "an https address"),
        ("notify_webhook", "https://10.0.0.1/", '"https://10.0.0.1/"', "the name in this URL"),
    ],
)
def test_policy(repository: Repository, key: str, value: Any, found: str, advice: str) -> None:
    repository.put("pillar/policy.yaml", (key,), value)
    (problem,) = repository.problems()
    assert (problem.file, problem.path, problem.found) == ("pillar/policy.yaml", key, found)
    assert advice in problem.message


def test_a_misspelt_key_is_not_also_a_missing_one(repository: Repository) -> None:
    repository.put(HARBOUR, ("home",), REMOVED)
    repository.put(HARBOUR, ("hom",), "syd")
    (problem,) = repository.problems()
    assert problem.path == "hom"
    assert 'did you mean "home"?' in problem.message


def test_what_lies_beside_the_tenants(repository: Repository) -> None:
    repository.texts["pillar/tenants/late.yml"] = "tenant: late\n"
    repository.texts["pillar/tenants/group/one.yaml"] = "tenant: one\n"
    repository.texts["pillar/tenants/.harbour.yaml.swp"] = "\0"
    repository.texts["pillar/tenants/README.md"] = "Tenants.\n"
    problems = repository.problems()
    assert [(problem.file, problem.message) for problem in problems] == [
        ("pillar/tenants/group", "is a folder; tenants are files that lie side by side"),
        ("pillar/tenants/late.yml", "is not read; call it late.yaml"),
    ]
