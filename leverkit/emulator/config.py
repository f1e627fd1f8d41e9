"""Switches for everything that is not known about Lever: the 35 rows of reference section 10.

The number behind each switch is its row there. `profile_config("strict")` refuses everything doubtful,
`profile_config("chaos")` lets requests fail; both start from the defaults of that table.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

Fraction = float


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the emulator does where Lever's behaviour is unknown, and its speed."""

    perform_as: Literal["optional", "required"] = "optional"  # 1
    perform_as_in_body: bool = False  # 2
    unknown_perform_as: Literal["ignore", 400, 403, 404] = 400  # 3
    blank_contact_fields: bool = True  # 4: in responses to writes
    repeated_add_bumps: bool = False  # 5: updatedAt, when the tag was there already
    absent_tag: Literal["ignore", "error"] = "ignore"  # 6: on removal
    posting_tag_removal: Literal["removed", "ignored", "comes back"] = "removed"  # 7
    tag_normalisation: Literal["none", "trim", "fold", "nfc"] = "none"  # 8
    max_tag_length: int | None = None  # 9
    max_tags_per_call: int | None = None  # 9
    max_tags: int | None = None  # 9: on one opportunity
    over_limit: Literal["error", "truncate"] = "error"  # 9
    empty_tags: Literal["ignore", "error"] = "ignore"  # 10: an empty array
    empty_tag: Literal["ignore", "error"] = "error"  # 10: an empty string
    repeated_tag: Literal["ignore", "error"] = "ignore"  # 10: twice in one request
    tag_lock: Literal["off", "skip", 400, 403] = "off"  # 11: new texts are refused
    archiving_drops_posting_tags: bool = False  # 12
    renaming_rewrites_tags: bool = True  # 13
    comma_values: bool = False  # 14: ?tag=a,b
    bracket_values: bool = False  # 14: ?tag[]=a
    bad_limit: Literal["error", "clamp"] = "error"  # 15
    offset_forms: Literal["both", "encoded"] = "both"  # 16
    offset_bound: Literal["sort", "filter"] = "sort"  # 17
    offset_expiry_s: float | None = None  # 17
    range_order: Literal["default", "own"] = "default"  # 18: of created_at_*, advanced_at_*, archived_at_*
    updated_null_share: Fraction = 0.75  # 19: of generated opportunities
    humans: float = 0.0  # 20: changes per second by simulated users
    humans_seed: int = 0  # 20
    merge_loser: Literal["404", "winner", "answers"] = "404"  # 21: GET /contacts/:loser
    merge_filter: Literal["empty", "winner"] = "empty"  # 21: ?contact_id=loser
    merge_bumps: bool = True  # 21: updatedAt
    merge_sends_contact_updated: bool = False  # 21
    deleted_status: Literal[404, 410] = 404  # 22
    anonymized_write: Literal[200, 400, 403] = 400  # 23
    confidential_get: Literal[403, 404] = 403  # 24: without the grant
    confidential_list: Literal["403", "filter"] = "403"  # 24
    rate: float | None = 10.0  # 25: requests per second and key
    burst: int = 20  # 25
    throttle_code: str = "TooManyRequestsError"  # 25
    retry_after: float | None = None  # 25: seconds
    error_share: Fraction = 0.0  # 26: 500, before any effect
    gateway_share: Fraction = 0.0  # 26: 502 with HTML
    maintenance_share: Fraction = 0.0  # 26: 503
    reset_share: Fraction = 0.0  # 26: connection broken before any effect
    lost_share: Fraction = 0.0  # 26: applied, but the response is lost
    stale_single_ms: float = 0.0  # 27: read-after-write delay of GET by id
    stale_list_ms: float = 0.0  # 27
    stale_tag_filter_ms: float = 0.0  # 27
    stale_counts_ms: float = 0.0  # 27: GET /tags
    webhook_fields: Literal["all", "attested"] = "all"  # 28
    webhook_candidate_id: Literal["equal", "other"] = "equal"  # 28
    webhook_id: bool = True  # 28
    webhook_timeout_s: float = 10.0  # 29
    webhook_retries: int = 5  # 29
    webhook_wait_s: float = 1.0  # 29: before the first retry; doubles
    webhook_ordered: bool = False  # 29
    webhook_duplicate_share: Fraction = 0.0  # 29
    webhook_signed: bool = True  # 29
    updated_filter_nulls: Literal["dropped", "kept"] = "dropped"  # by updated_at_*: those never updated
    range_ends: Literal["both", "start", "end"] = "both"  # which end of created_at_* … is included
    contact_ids: Literal["union", "first", "last"] = "union"  # of a repeated contact_id
    max_contact_ids: int | None = None  # in one request; more are refused
    tag_counts: Literal["all", "active", "non-confidential"] = "all"  # which opportunities GET /tags counts
    listing_order: Literal["stage", "newest"] = "stage"  # of GET /opportunities without a range
    webhook_anywhere: bool = False  # deliver beyond this computer
    webhooks_on: bool = True  # a super admin has switched the event groups on (section 8.1)
    webhook_nested: bool = False  # 30: POST /webhooks returns data.data
    unknown_parameters: Literal["ignore", 400] = "ignore"  # 31
    extra_fields: bool = False  # 32: unknown fields in objects
    plain_seed: bool = False  # 33: no slugs, null owners, missing locations in generated data
    oauth_grace_s: float = 0.0  # 34: an old refresh token after rotation
    oauth_expiry_s: float = 3600.0  # 34
    oauth_consent: Literal["grant", "deny"] = "grant"
    candidates: bool = True  # 35: the deprecated routes
    candidates_create: bool = True  # 35: POST /candidates makes a new opportunity
    bearer_api_key: bool = True  # an API key sent as Bearer is accepted
    latency_ms: float = 0.0  # median; log-normal around it


def read_switches(path: Path) -> dict[str, Any]:
    """Return the switches of a TOML or JSON file, unchecked; the key `profile` may be among them."""
    if path.suffix == ".json":
        value: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        return value
    return tomllib.loads(path.read_text(encoding="utf-8"))


PROFILES = read_switches(Path(__file__).with_name("profiles.toml"))


def profile_config(name: str, **changes: Any) -> Config:
    """Return a profile's configuration with changes. Raises ValueError for an unknown profile or switch."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return msgspec.convert({**PROFILES[name], **changes}, Config)


def with_changes(config: Config, changes: dict[str, Any]) -> Config:
    """Return a changed, checked configuration. Raises msgspec.ValidationError, which names the switch."""
    return msgspec.convert({**msgspec.structs.asdict(config), **changes}, Config)
