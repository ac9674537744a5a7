"""What each file looks like: its keys, which of them may be left out, and what each is for.

`reading` checks files against these models, and editors get their JSON Schema from them, so they cannot disagree.
A description here is what an operator reads, both in the editor and where a key is missing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from . import database_wording, people_wording, wording
from .model import UID_FIRST, UID_LAST, App
from .roles import Role

CERTIFICATE_DAYS = (7, 397)  # browsers refuse more than 397
SESSION_MINUTES = (5, 43_200)
ISOLATION_SECONDS = (2, 60)
PATIENCE = (0, 3_600)
WEIGHT = (0, 255)  # what Route53 takes
TTL = (1, 86_400)
CHECK_THRESHOLD = (1, 10)
QUOTA_MIB = (16, 1_048_576)
BUFFER_MIB = (16, 65_536)
RENEW_SECONDS = (0.5, 10.0)
LEASE_SECONDS = (4.0, 60.0)
MAX_LAG = (0, 1_000_000)
BACKUP_DAYS = (1, 365)
HOURS = (0, 23)


def _words(pattern: str, most: int | None = None, example: str = "") -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "pattern": f"^({pattern})$"}
    if most is not None:
        schema["maxLength"] = most
    if example:
        schema["examples"] = [example]
    return WithJsonSchema(schema)


def _numbers(least: int, most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


def _decimals(least: float, most: float) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "minimum": least, "maximum": most})


ShortName = Annotated[str, BeforeValidator(wording.short_name), _words(wording.SHORT_NAME)]
FleetName = Annotated[str, BeforeValidator(wording.fleet_name), _words(wording.FLEET_NAME)]
TenantName = Annotated[str, BeforeValidator(wording.tenant_name), _words(wording.TENANT_NAME, 32)]
UserName = Annotated[str, BeforeValidator(wording.user_name), _words(wording.USER_NAME)]
FullName = Annotated[str, BeforeValidator(wording.full_name)]
Email = Annotated[str, BeforeValidator(wording.email), _words(wording.EMAIL)]
DnsName = Annotated[str, BeforeValidator(wording.dns_name), _words(wording.DNS_NAME, 253)]
SiteName = Annotated[str, BeforeValidator(wording.site_name), _words(wording.DNS_NAME, wording.SITE_NAME_LIMIT)]
SshKey = Annotated[str, BeforeValidator(wording.ssh_key)]
PasswordHash = Annotated[str, BeforeValidator(people_wording.password_hash), _words(people_wording.HASHED, 256)]
GroupName = Annotated[str, BeforeValidator(people_wording.group_name), _words(people_wording.GROUP_NAME)]
Address = Annotated[IPv4Address, BeforeValidator(wording.address)]
Network = Annotated[
    IPv4Network, BeforeValidator(wording.network), _words(r"[0-9]+(\.[0-9]+){3}/[0-9]+", example="10.71.1.0/24")
]
RoleName = Annotated[Role, BeforeValidator(wording.role)]
RepoPath = Annotated[str, BeforeValidator(wording.repo_path), _words(wording.FOLDER)]
DocumentRoot = Annotated[str, BeforeValidator(wording.document_root), _words(rf"\.|{wording.FOLDER}")]
RedirectPath = Annotated[str, BeforeValidator(wording.redirect_path), _words(wording.URL_PATH, 400)]
RedirectTarget = Annotated[
    str,
    BeforeValidator(wording.redirect_target),
    _words(rf"(https?://[a-z0-9.-]+(:[0-9]+)?)?([/?#]{wording.TARGET_REST})?", 1000),
]
Boolean = Annotated[bool, BeforeValidator(wording.boolean)]
Uid = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, UID_FIRST, UID_LAST, "(a Unix user id)")),
    _numbers(UID_FIRST, UID_LAST),
]
CertificateDays = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, *CERTIFICATE_DAYS, "days")),
    _numbers(*CERTIFICATE_DAYS),
]
SessionMinutes = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, *SESSION_MINUTES, "minutes")),
    _numbers(*SESSION_MINUTES),
]
Weight = Annotated[
    int,
    BeforeValidator(
        lambda value: wording.whole_number(value, *WEIGHT, "(a share of the requests, beside the others')")
    ),
    _numbers(*WEIGHT),
]
Ttl = Annotated[int, BeforeValidator(lambda value: wording.whole_number(value, *TTL, "seconds")), _numbers(*TTL)]
CheckInterval = Annotated[
    Literal[10, 30], BeforeValidator(wording.check_interval), WithJsonSchema({"type": "integer", "enum": [10, 30]})
]
CheckThreshold = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, *CHECK_THRESHOLD, "checks in a row")),
    _numbers(*CHECK_THRESHOLD),
]
IsolationSeconds = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, *ISOLATION_SECONDS, "seconds")),
    _numbers(*ISOLATION_SECONDS),
]
Patience = Annotated[
    int,
    BeforeValidator(lambda value: wording.whole_number(value, *PATIENCE, "seconds")),
    _numbers(*PATIENCE),
]
DatabaseName = Annotated[
    str, BeforeValidator(database_wording.database_name), _words(database_wording.DATABASE_NAME, example="shop")
]
DatabaseUserName = Annotated[
    str, BeforeValidator(database_wording.database_user), _words(database_wording.DATABASE_USER)
]
SealedPassword = Annotated[str, BeforeValidator(database_wording.sealed), _words(database_wording.SEALED)]
AppName = Annotated[
    App, BeforeValidator(database_wording.app), WithJsonSchema({"type": "string", "enum": [str(app) for app in App]})
]
QuotaMib = Annotated[
    int, BeforeValidator(lambda value: wording.whole_number(value, *QUOTA_MIB, "MiB")), _numbers(*QUOTA_MIB)
]
BufferMib = Annotated[
    int, BeforeValidator(lambda value: wording.whole_number(value, *BUFFER_MIB, "MiB")), _numbers(*BUFFER_MIB)
]
RenewSeconds = Annotated[
    float, BeforeValidator(lambda value: wording.number(value, *RENEW_SECONDS, "seconds")), _decimals(*RENEW_SECONDS)
]
LeaseSeconds = Annotated[
    float, BeforeValidator(lambda value: wording.number(value, *LEASE_SECONDS, "seconds")), _decimals(*LEASE_SECONDS)
]
MaxLag = Annotated[
    int, BeforeValidator(lambda value: wording.whole_number(value, *MAX_LAG, "commits")), _numbers(*MAX_LAG)
]

Relay = Annotated[str, BeforeValidator(wording.relay), _words(rf"({wording.DNS_NAME}(:[0-9]{{1,5}})?)?")]
Webhook = Annotated[str, BeforeValidator(wording.webhook), _words(wording.WEBHOOK + "|", 500)]
BackupDays = Annotated[
    int, BeforeValidator(lambda value: wording.whole_number(value, *BACKUP_DAYS, "days")), _numbers(*BACKUP_DAYS)
]
Hour = Annotated[int, BeforeValidator(lambda value: wording.whole_number(value, *HOURS, "o'clock")), _numbers(*HOURS)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LanShape(_Shape):
    """The private network of an island."""

    network: Network = Field(description="the island's private network, such as 10.71.1.0/24")
    vip: Address = Field(description="the address in the LAN that the load balancers share")
    gateway: Address = Field(description="the island's way out, where its hosts send what is not local")


class WanShape(_Shape):
    """The public network of an island."""

    network: Network = Field(description="the island's public network, such as 198.18.1.0/24")
    vip: Address = Field(description="the public address of the island's services, shared by the load balancers")
    gateway: Address = Field(description="the island's own public address for what its hosts send out")
    router: Address = Field(description="the provider's router, the island's next hop")


class HostShape(_Shape):
    """One machine."""

    lan: Address = Field(description="the host's address in the island's LAN")
    wan: Address | None = Field(default=None, description="its public address: for lb and firewall, and for no other")
    roles: list[RoleName] = Field(description="what the host does", json_schema_extra={"minItems": 1})


class IslandShape(_Shape):
    """One site of the fleet."""

    lan: LanShape = Field(description="the private network")
    wan: WanShape = Field(description="the public network")
    weight: Weight = Field(
        default=100, description="the island's share of new users, beside the other islands' weights"
    )
    hosts: dict[ShortName, HostShape] = Field(description="the machines, by short name")


class SaguirefileShape(_Shape):
    """A Saguirefile declares a fleet. What can be derived is not written down."""

    fleet: FleetName = Field(description="the name of the fleet")
    domain: DnsName = Field(description="the DNS domain of the fleet's own hosts and islands")
    tenants: RepoPath = Field(
        default="pillar/tenants", description="the folder of the tenants' files, relative to the repository's top"
    )
    policy: RepoPath = Field(
        default="pillar/policy.yaml", description="the file of operator-wide choices, relative to the repository's top"
    )
    islands: dict[ShortName, IslandShape] = Field(description="the sites of the fleet, by name")


class UserShape(_Shape):
    """A person of the tenant."""

    full_name: FullName = Field(description="the person's name, as shown")
    email: Email = Field(description="where mail to this person goes")
    ssh_keys: list[SshKey] = Field(default=[], description="public SSH keys, each a line of a .pub file")
    groups: list[GroupName] = Field(default=[], description="the tenant's groups that the person is in")
    password: PasswordHash | None = Field(
        default=None, description="the hash of the first password; left out: signs in with keys only"
    )
    uid: Uid | None = Field(
        default=None, description="the Unix user id of the person, where the derived one collides with another's"
    )


class SiteShape(_Shape):
    """A web site. Its files are in salt/content/<site>/, or are uploaded."""

    aliases: list[DnsName] = Field(default=[], description="further names that the site answers for")
    php: Boolean = Field(default=False, description="whether .php files are run")
    root: DocumentRoot = Field(default=".", description="the folder inside the site's folder that is served")
    redirects: dict[RedirectPath, RedirectTarget] = Field(
        default={}, description="exact path to a path or URL; answered with 301"
    )
    https: Boolean = Field(default=True, description="whether plain HTTP only answers with a redirect to HTTPS")
    everywhere: Boolean = Field(
        default=False, description="whether each island serves it itself, instead of passing requests on to the home"
    )
    app: AppName | None = Field(default=None, description="an application that the platform installs: wordpress")
    database: DatabaseName | None = Field(
        default=None, description="the one of the tenant's databases that the site's program uses"
    )
    uploads: Boolean = Field(
        default=False,
        description="whether its files are uploaded, to the mirrored files of its home, instead of pushed",
    )
    uid: Uid | None = Field(
        default=None, description="the Unix user id of the site, where the derived one collides with another site's"
    )


class DatabaseUserShape(_Shape):
    """Who signs in to a database."""

    password: SealedPassword | None = Field(
        default=None, description="the password as `saguire encrypt USER` prints it; left out: one is derived"
    )


class DatabaseShape(_Shape):
    """A database of the tenant, in the shard of its home."""

    quota_mib: QuotaMib | None = Field(default=None, description="how much it may hold; left out: the policy says it")
    users: dict[DatabaseUserName, DatabaseUserShape] = Field(
        default={}, description="who may use it; left out: one user named as the database"
    )


class TenantShape(_Shape):
    """One customer: pillar/tenants/<tenant>.yaml."""

    tenant: TenantName = Field(description="the tenant's name, which is also the name of the file")
    home: ShortName = Field(description="the island that serves the tenant when all is well")
    users: dict[UserName, UserShape] = Field(default={}, description="the people of the tenant, by login name")
    sites: dict[SiteName, SiteShape] = Field(default={}, description="the web sites of the tenant, by DNS name")
    databases: dict[DatabaseName, DatabaseShape] = Field(
        default={}, description="the databases of the tenant, by name; each name is used once in the fleet"
    )
    zones: list[DnsName] = Field(
        default=[], description="the DNS zones that the names of the sites are in; left out: made from the names"
    )


class PolicyShape(_Shape):
    """The operator's choices for the whole fleet: pillar/policy.yaml."""

    session_minutes: SessionMinutes = Field(default=1440, description="how long an idle PHP session lives, in minutes")
    certificate_days: CertificateDays = Field(default=90, description="how long a leaf certificate is valid, in days")
    isolation_seconds: IsolationSeconds = Field(
        default=3, description="after how many seconds without a word from other islands and AWS an island is cut off"
    )
    reentry_seconds: Patience = Field(
        default=30, description="for how many seconds an island that comes back must be well before it gets users"
    )
    hold_down_seconds: Patience = Field(
        default=60, description="for how many seconds an island that was cut off gets no users; more when it repeats"
    )
    dns_ttl: Ttl = Field(default=10, description="for how many seconds resolvers may keep a site's address")
    health_check_interval: CheckInterval = Field(
        default=10,
        description="every how many seconds each of Route53's checkers asks an island; 10 costs more than 30",
    )
    health_check_threshold: CheckThreshold = Field(
        default=1, description="after how many checks in a row a checker changes its mind about an island"
    )
    database_quota_mib: QuotaMib = Field(
        default=1024, description="how much a database may hold that has no quota of its own, in MiB"
    )
    database_buffer_mib: BufferMib = Field(
        default=32, description="memory for cached pages of each shard on each host that carries it, in MiB"
    )
    lease_renew_seconds: RenewSeconds = Field(
        default=1.5, description="every how many seconds the owner of a lease renews it"
    )
    lease_seconds: LeaseSeconds = Field(
        default=6.0, description="how long a lease lasts without being renewed, in seconds"
    )
    lease_max_lag: MaxLag = Field(
        default=1000, description="how many commits a copy may lack and still take over without an operator's word"
    )
    backup_days: BackupDays = Field(
        default=7, description="for how many days each moment of a database can be restored"
    )
    operators: list[UserName] = Field(
        default=[], description="people of any tenant who may become root on every host, by login name"
    )
    notify_emails: list[Email] = Field(
        default=[], description="who gets mail when the fleet cannot put something right by itself"
    )
    notify_relay: Relay = Field(
        default="", description="your own mail server, which takes that mail: host, or host:port; by TLS"
    )
    notify_webhook: Webhook = Field(
        default="", description="an https address that the same is posted to, as JSON with a `text`"
    )
    notify_lost_seconds: Patience = Field(
        default=120, description="for how many seconds a host or an island gives no answer before people are told"
    )
    notify_ill_seconds: Patience = Field(
        default=300, description="for how many seconds a part of a host is ill before people are told"
    )
    backup_hour: Hour = Field(default=2, description="from which hour of the day on, UTC, base copies are taken")
