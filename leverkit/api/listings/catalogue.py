"""Every listing that Lever documents: its filters, if it takes `confidentiality`, what of it is personal.

One table. By it filters are refused, times converted, confidential ones asked for, personal fields dropped;
docs/client.md shows it (https://hire.lever.co/developer/documentation; where that is silent, the reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["time", "text", "texts", "roles", "flag", "choice", "choices"]
Filters = Mapping[str, Kind]

CHOICES = {
    "confidentiality": ("confidential", "non-confidential", "all"),
    "origin": ("agency", "applied", "internal", "referred", "sourced", "university"),
    "state": ("published", "internal", "closed", "draft", "pending", "rejected"),
    "type": ("hired", "non-hired"),
}
SHOWING: Filters = {"include": "texts", "expand": "texts"}
CONFIDENTIALITY: Filters = {"confidentiality": "choice"}
PERSON = ("name", "headline", "location", "phones", "emails", "links")
APPLICANT = ("email", "phone", "company", "comments", "customQuestions", "ipAddress", "referer", "userAgent")
FORM = ("fields",)
INTERVIEW = ("subject", "note", "location", "gcalEventUrl")
FILE = ("name", "downloadUrl")


@dataclass(frozen=True)
class Listing:
    """A listing. `{…}` in its path stands for an id. `key` is the field by which an item is told from others.

    `personal` are fields about candidates, dropped at any depth. `columns` are those that a frame has in any
    case, nested ones dotted. `subtractive`: Lever documents that `include` leaves out all other
    fields. `pages`: it takes `limit` and `offset`. `single`: one object.
    """

    path: str
    filters: Filters = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    key: str = "id"
    times: tuple[str, ...] = ("createdAt", "updatedAt")
    subtractive: bool = False
    pages: bool = True
    single: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields to ask for, so that no personal one is sent; empty where Lever sends them all."""
        return tuple(dict.fromkeys(c.partition(".")[0] for c in self.columns)) if self.subtractive else ()

    @property
    def has_confidential(self) -> bool:
        """Return True if the listing leaves confidential items out unless it is asked for them."""
        return "confidentiality" in self.filters


def _between(*names: str) -> Filters:
    return {f"{name}_{end}": "time" for name in names for end in ("start", "end")}


OPPORTUNITY_FILTERS: Filters = {
    **dict.fromkeys(("tag", "source"), "texts"),
    "origin": "choices",
    **dict.fromkeys(("stage_id", "posting_id", "archived_posting_id"), "texts"),
    **dict.fromkeys(("archive_reason_id", "contact_id", "location"), "texts"),
    **_between("created_at", "updated_at", "advanced_at", "archived_at"),
    **dict.fromkeys(("archived", "snoozed"), "flag"),
    "email": "text",
    **CONFIDENTIALITY,
    **SHOWING,
}
OPPORTUNITY_COLUMNS = (
    *("id", "contact", "stage", "confidentiality", "archived.reason", "archived.archivedAt", "tags"),
    *("sources", "stageChanges", "origin", "sourcedBy", "owner", "followers", "applications", "createdAt"),
    *("updatedAt", "lastInteractionAt", "lastAdvancedAt", "snoozedUntil", "urls.list", "urls.show"),
    *("isAnonymized", "dataProtection.store.allowed", "dataProtection.store.expiresAt"),
    *("dataProtection.contact.allowed", "dataProtection.contact.expiresAt", "opportunityLocation"),
)
OPPORTUNITY_TIMES = (
    *("createdAt", "updatedAt", "lastInteractionAt", "lastAdvancedAt", "snoozedUntil", "archivedAt"),
    *("deletedAt", "expiresAt"),
)
_PERSON_AND_APPLICANT = (*PERSON, *APPLICANT, "acceptLanguage", "timezone", "resume")
_DELETED = _between("deleted_at")
_PERIOD = _between("created_at")
FORM_TIMES = ("createdAt", "completedAt", "updatedAt", "deletedAt")


def _opportunities(path: str) -> Listing:
    return Listing(
        path,
        OPPORTUNITY_FILTERS,
        _PERSON_AND_APPLICANT,
        OPPORTUNITY_COLUMNS,
        times=OPPORTUNITY_TIMES,
        subtractive=True,
    )


def _children(root: str) -> tuple[Listing, ...]:
    at = f"{root}/{{id}}"
    interview_times = ("createdAt", "canceledAt", "date", "start", "end")
    return (
        Listing(f"{at}/applications", SHOWING, _PERSON_AND_APPLICANT, times=("createdAt", "archivedAt")),
        Listing(f"{at}/feedback", SHOWING, FORM, times=FORM_TIMES),
        Listing(f"{at}/file_actions", SHOWING, FILE),
        Listing(f"{at}/files", SHOWING, FILE, times=("uploadedAt",)),
        Listing(f"{at}/forms", SHOWING, FORM, times=FORM_TIMES),
        Listing(f"{at}/interviews", SHOWING, INTERVIEW, times=interview_times),
        Listing(f"{at}/notes", SHOWING, FORM, times=FORM_TIMES),
        Listing(
            f"{at}/offers",
            SHOWING,
            ("fields", "signatures", "sentDocument", "signedDocument"),
            times=("createdAt", "approvedAt", "sentAt"),
        ),
        Listing(f"{at}/panels", SHOWING, (*INTERVIEW, "externalUrl"), times=interview_times),
        Listing(f"{at}/referrals", SHOWING, FORM, times=FORM_TIMES),
        Listing(f"{at}/resumes", SHOWING, (*FILE, "parsedData"), times=("createdAt", "uploadedAt")),
    )


POSTING_FILTERS: Filters = {
    **dict.fromkeys(("team", "department", "location", "commitment", "level", "tag", "group"), "texts"),
    "state": "choices",
    "distribution": "text",
    **_between("updated_at"),
    **CONFIDENTIALITY,
    **SHOWING,
}
USER_FILTERS: Filters = {
    "email": "text",
    "accessRole": "roles",
    "includeDeactivated": "flag",
    "external_directory_id": "text",
}
POSTING_COLUMNS = (
    *("id", "text", "state", "distributionChannels", "user", "owner", "hiringManager", "categories.team"),
    *("categories.department", "categories.location", "categories.allLocations", "categories.commitment"),
    *("categories.level", "tags", "followers", "createdAt", "updatedAt", "confidentiality"),
)
USER_COLUMNS = (
    *("id", "name", "username", "email", "accessRole", "createdAt", "deactivatedAt", "externalDirectoryId"),
)
LISTINGS = (
    _opportunities("/opportunities"),
    *_children("/opportunities"),
    Listing("/opportunities/deleted", _DELETED, _PERSON_AND_APPLICANT, times=OPPORTUNITY_TIMES),
    Listing("/applications/deleted", _DELETED, times=("deletedAt",)),
    Listing("/postings/deleted", _DELETED, times=("deletedAt",)),
    Listing("/postings", POSTING_FILTERS, columns=POSTING_COLUMNS),
    Listing("/tags", columns=("text", "count"), key="text"),
    Listing("/sources", columns=("text", "count"), key="text"),
    Listing("/stages", columns=("id", "text")),
    Listing("/archive_reasons", {"type": "choice"}, columns=("id", "text", "status", "type")),
    Listing("/users", USER_FILTERS, columns=USER_COLUMNS, times=("createdAt", "deactivatedAt")),
    Listing(
        "/requisitions",
        {
            **dict.fromkeys(("status", "requisition_code"), "text"),
            **_between("created_at", "updated_at"),
            **CONFIDENTIALITY,
        },
        times=("createdAt", "updatedAt", "closedAt"),
    ),
    Listing("/requisition_fields"),
    Listing("/feedback_templates", SHOWING),
    Listing("/form_templates", SHOWING),
    Listing(
        "/audit_events",
        {**dict.fromkeys(("type", "user_id", "target_type"), "text"), **_PERIOD},
        ("label", "meta"),
    ),
    Listing("/webhooks", personal=("signatureToken",), pages=False),
    Listing("/surveys/diversity/{id}", {"country_code": "text", "location": "text"}, pages=False),
    _opportunities("/candidates"),
    *_children("/candidates"),
)
CONTACT = Listing("/contacts/{id}", personal=PERSON, single=True)  # one object, also as a frame


ANYTHING = Listing("", personal=tuple(sorted({name for each in LISTINGS for name in each.personal})))


def of_object(path: str) -> Listing:
    """Return the listing that one object belongs to; where that is unknown, one with all personal fields."""
    root = find(f"/{path.split('/')[1]}")
    return find(path.rpartition("/")[0]) or (root if root and not root.personal else ANYTHING)


def find(path: str) -> Listing | None:
    """Return the listing at a path; None where Lever documents none there. Its literal parts go first."""
    parts = path.split("/")
    found = [each for each in (*LISTINGS, CONTACT) if _is_at(each.path.split("/"), parts)]
    return min(found, key=lambda each: each.path.count("{"), default=None)


def _is_at(template: list[str], parts: list[str]) -> bool:
    pairs = zip(template, parts, strict=False)
    return len(template) == len(parts) and all(name == part or name[:1] == "{" for name, part in pairs)
