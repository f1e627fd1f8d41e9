"""The form of objects, headers and errors (sections 3.5, 6, 7 and 10.19, 10.32, 10.33)."""

from __future__ import annotations

import re
from uuid import UUID

from leverkit.doctor.contract.exchange import Ask, Exchange, Probing, Row
from leverkit.doctor.contract.outcome import Outcome, confirmed, judged, not_tried
from leverkit.doctor.contract.sample import OPPORTUNITIES, Sample
from leverkit.report.text import count

# Fields of an opportunity in Lever's order (reference 3.5); the last one is absent without a posting.
FIELDS = (
    "id",
    "name",
    "contact",
    "headline",
    "stage",
    "confidentiality",
    "location",
    "phones",
    "emails",
    "links",
    "archived",
    "tags",
    "sources",
    "stageChanges",
    "origin",
    "sourcedBy",
    "owner",
    "followers",
    "applications",
    "createdAt",
    "updatedAt",
    "lastInteractionAt",
    "lastAdvancedAt",
    "snoozedUntil",
    "urls",
    "isAnonymized",
    "dataProtection",
    "opportunityLocation",
)
SLUGS = {"lead-new", "lead-reached-out", "lead-responded", "applicant-new", "offer"}
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NAME = re.compile(r"[a-z][A-Za-z0-9]{0,40}")
HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "server": "lever-data-api",
    "x-stream-path": "dapi",
    "x-lever-region": "global",
}
ENOUGH = 100
OLD = ("archivedAt", "archiveReason", "resume")
PAGES = ("https://hire.lever.co/candidates", "https://hire.sandbox.lever.co/candidates")


def fields(sample: Sample) -> Probing:
    """Look at some opportunities in full."""
    yield from ()
    rows = sample.full.rows
    if not rows:
        return [not_tried("object_keys", sample.full.told)]
    unknown = sorted({name for row in rows for name in row} - {*FIELDS, *OLD})
    known = [[name for name in row if name in FIELDS] for row in rows]
    ordered = all(names == [name for name in FIELDS if name in names] for names in known)
    named = ", ".join(name if NAME.fullmatch(name) else "…" for name in unknown)
    told = f"{len(unknown)} more than we know: {named}" if unknown else "the fields that we know"
    old = sum(name in row for row in rows for name in OLD)
    return [
        judged("object_keys", ordered, f"{len(rows)} objects"),
        judged("extra_fields", not unknown, told, **({"extra_fields": True} if unknown else {})),
        judged("no_old_fields", not old, f"{old} of them in {len(rows)} objects"),
        *_values(rows),
    ]


def _values(rows: list[Row]) -> list[Outcome]:
    changes = [change for row in rows for change in row["stageChanges"]]
    without = sum("userId" not in change for change in changes)
    shown = sum(
        row["urls"] == {"list": page, "show": f"{page}/{row['id']}"} for row in rows for page in PAGES
    )
    return [
        _seen("empty_names", sum(not row["name"] or not row["headline"] for row in rows), rows),
        _seen("no_emails", sum(not row["emails"] for row in rows), rows),
        _seen("null_people", sum(row["sourcedBy"] is None or row["owner"] is None for row in rows), rows),
        _seen("stage_changes", without, changes),
        judged("urls", shown == len(rows), f"{shown} of {len(rows)} have the addresses that we know"),
    ]


def _seen(key: str, number: int, of: list[Row]) -> Outcome:
    told = f"{number} of {len(of)}"
    return confirmed(key, told) if number else not_tried(key, f"none of {len(of)}")


def ids(sample: Sample) -> Probing:
    """Look at the ids of opportunities, contacts and stages."""
    yield from ()
    named = [row[name] for row in sample.all_rows for name in ("id", "contact")]
    right = sum(bool(UUID4.fullmatch(each)) for each in named)
    stages = sample.stages.ids
    slugs = [stage for stage in stages if stage in SLUGS]
    regular = all(stage in SLUGS or UUID4.fullmatch(stage) for stage in stages)
    if not named or not stages:
        return [not_tried(key, "none could be seen") for key in ("ids", "stage_ids")]
    return [
        judged("ids", right == len(named), f"{right} of {len(named)}"),
        judged(
            "stage_ids", bool(slugs) and regular, f"{len(slugs)} built-in slugs among {len(stages)} stages"
        ),
    ]


def irregular(sample: Sample) -> Probing:
    """Count what is null or absent among the sample."""
    yield from ()
    rows = sample.all_rows
    if len(rows) < ENOUGH:
        return [
            not_tried(key, "fewer than 100 could be seen") for key in ("updated_null_share", "plain_seed")
        ]
    share = sum(row["updatedAt"] is None for row in rows) / len(rows)
    high = share >= 0.4
    odd = sum(row["owner"] is None or "opportunityLocation" not in row for row in rows)
    switches = {} if high else {"updated_null_share": round(share, 2)}
    return [
        judged("updated_null_share", high, f"{share:.0%} of {len(rows)}", **switches),
        judged("plain_seed", odd > 0, f"{odd} of {len(rows)}", **({} if odd else {"plain_seed": True})),
    ]


def headers(sample: Sample) -> Probing:
    """Look at the headers of answers, and of a refusal."""
    refused = yield Ask("/leverkit_no_such_path")
    answers: list[Exchange] = [*sample.pages, sample.stages, refused]
    names = {name for answer in answers for name in answer.headers}
    region = sorted({answer.headers.get("x-lever-region", "absent") for answer in answers})
    known = sum(answer.headers.get(name) == value for answer in answers for name, value in HEADERS.items())
    limits = sum(name.startswith(("x-ratelimit", "retry-after")) for name in names)
    tracing = sum("request-id" in name for name in names)
    path = refused.status == 404 and (refused.code, refused.message[-14:]) == UNKNOWN
    return [
        judged("header_region", region == ["global"], count(len(region), "region")),
        judged("headers", known == 4 * len(answers), f"{known} of {4 * len(answers)} as we know them"),
        judged("limit_headers", not limits, f"{limits} headers about limits"),
        judged("no_request_id", not tracing, f"{tracing} headers with an id of the request"),
        judged("unknown_path", path, f"{refused.status}{', in the words that we know' * path}"),
        confirmed("reads_alone", "every read was sent without perform_as"),
    ]


UNKNOWN = ("ResourceNotFound", "does not exist")


def lookups(sample: Sample) -> Probing:
    """Look at the dispositions, and at a requisition field that is not there."""
    field = yield Ask(f"/requisition_fields/{UUID(int=7, version=4)}")
    shape, reasons = sample.dispositions, sample.dispositions.data.get("archiveReasons") or []
    stages = sample.dispositions.data.get("stages") or []
    ranked = bool(stages) and all({"id", "text", "pipeline", "rank"} <= stage.keys() for stage in stages)
    kinds = {reason.get("type") for reason in reasons}
    worded = (field.status, field.code) == (404, "NotFoundError")
    tried = field.status == 404
    return [
        judged("dispositions", ranked, f"{len(stages)} stages")
        if shape.ok
        else not_tried("dispositions", shape.told),
        judged("disposition_types", None in kinds, f"{len(reasons)} reasons")
        if shape.ok and reasons
        else not_tried("disposition_types", "no reasons among the dispositions"),
        judged("requisition_fields", worded, "404") if tried else not_tried("requisition_fields", field.told),
    ]


def candidates(sample: Sample) -> Probing:
    """Ask for the deprecated list."""
    page = yield Ask("/candidates", {"limit": 1, "include": ["id", "contact", "tags"]})
    if page.status not in (200, 404):
        return [not_tried("candidates", page.told)]
    alike = page.ok and all({"id", "contact", "tags"} <= row.keys() for row in page.rows)
    switches = {"candidates": False} if page.status == 404 else {}
    return [judged("candidates", alike, f"answered with {page.status}", **switches)]


def deleted(sample: Sample) -> Probing:
    """Ask for an opportunity that was deleted."""
    page = yield Ask("/opportunities/deleted", {"limit": 1})
    if not page.rows:
        return [not_tried("deleted_status", "none was deleted" if page.ok else page.told)]
    gone = yield Ask(f"{OPPORTUNITIES}/{page.ids[0]}", {"include": ["id"]})
    switches = {"deleted_status": 410} if gone.status == 410 else {}
    return [judged("deleted_status", gone.status == 404, f"{gone.status}", **switches)]


def expanded(sample: Sample) -> Probing:
    """Ask for a page with and without the stages expanded."""
    query = {"include": ["id", "stage"], "limit": 20}
    plain, full = (yield Ask(OPPORTUNITIES, query)), (yield Ask(OPPORTUNITIES, {**query, "expand": "stage"}))
    if not (plain.ok and full.ok and full.rows):
        return [not_tried("expand_larger", full.told)]
    larger = all(isinstance(row.get("stage"), dict) for row in full.rows)
    return [judged("expand_larger", larger, f"{len(full.rows)} stages became objects")]
