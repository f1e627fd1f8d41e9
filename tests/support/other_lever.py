"""A second Lever for the contract check, written from the facts alone: it shares no code with leverkit.

It has what the probes ask for. `otherwise` names in what it differs from what we believe.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

Row = dict[str, Any]
STAGES = {"lead-new": 1, "applicant-new": 101, "11111111-1111-4111-8111-111111111111": 150, "offer": 261}
USER = "22222222-2222-4222-8222-222222222222"
REASON = "33333333-3333-4333-8333-333333333333"
POSTING = {"id": "44444444-4444-4444-8444-444444444444", "text": "Baker", "createdAt": 5}
PAGE = "https://hire.lever.co/candidates"
START = 1_600_000_000_000
HEADERS = {"Server": "lever-data-api", "x-stream-path": "dapi", "x-lever-region": "global"}
TIMES = {"created_at": "createdAt", "updated_at": "updatedAt", "advanced_at": "lastAdvancedAt"}


class Refusal(Exception):
    """A refusal: status, code, message."""


def people(number: int = 150) -> list[Row]:
    """Return invented opportunities: some contacts have several, many were never updated."""
    dice = Random(5)

    def new_id() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    contacts = [new_id() for _ in range(number * 3 // 4)]
    return [_opportunity(dice, new_id(), contacts[at % len(contacts)], at) for at in range(number)]


def _opportunity(dice: Random, identifier: str, contact: str, at: int) -> Row:
    created = START + dice.randrange(10**10)
    gone = {"reason": REASON, "archivedAt": created + 5} if at % 3 == 0 else None
    return {
        "id": identifier,
        "name": "" if at % 9 == 0 else f"Person {at}",
        "contact": contact,
        "headline": "",
        "stage": dice.choice(list(STAGES)),
        "confidentiality": "non-confidential",
        "location": "",
        "phones": [],
        "emails": [f"p{at}@example.net"] if at % 2 else [],
        "links": [],
        "archived": gone,
        "tags": dice.sample(["Baker", "a, b", "Bread & butter", f"rare {at % 40}", "later"], 2),
        "sources": [],
        "stageChanges": [{"toStageId": "lead-new", "toStageIndex": 0, "updatedAt": created}],
        "origin": "applied",
        "sourcedBy": None,
        "owner": None,
        "followers": [],
        "applications": [identifier[::-1]] if at % 4 == 0 else [],
        "createdAt": created,
        "updatedAt": created + 9 if at % 5 == 0 else None,
        "lastInteractionAt": created,
        "lastAdvancedAt": created + dice.randrange(3),
        "snoozedUntil": None,
        "urls": {"list": PAGE, "show": f"{PAGE}/{identifier}"},
        "isAnonymized": False,
        "dataProtection": None,
    }


class OtherLever:
    """The account and its answers."""

    def __init__(self, otherwise: set[str]) -> None:
        self.rows, self.otherwise, self.writes = people(), otherwise, list[tuple[str, str]]()
        self.clock = START + 10**11

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        """Return the body of a read. Raises Refusal."""
        if path in ("/opportunities", "/candidates"):
            return self._list(query)
        if path.startswith("/opportunities/") and path != "/opportunities/deleted":
            return {"data": self._shown(self._one(path.split("/")[2]), query)}
        lists: dict[str, list[Row]] = {
            "/stages": [{"id": stage, "text": stage} for stage in STAGES],
            "/archive_reasons": [{"id": REASON, "text": "No", "status": "active", "type": "non-hired"}],
            "/postings": [POSTING],
            "/users": [{"id": USER, "name": "U", "email": "u@example.net", "deactivatedAt": None}],
            "/tags": self._counts(),
            "/opportunities/deleted": [],
        }
        if path == "/disposition_stages":
            stages = [
                {"id": each, "text": each, "pipeline": "x", "rank": rank} for each, rank in STAGES.items()
            ]
            return {"data": {"stages": stages, "archiveReasons": [{"id": REASON, "type": None}]}}
        if path == f"/users/{USER}":
            return {"data": lists["/users"][0]}
        if path in lists:
            return {"data": lists[path], "hasNext": False}
        if path.startswith("/requisition_fields/"):
            raise Refusal(404, "NotFoundError", "That field is not here")
        raise Refusal(404, "ResourceNotFound", f"/v1{path} does not exist")

    def write(self, path: str, query: dict[str, list[str]], body: Row) -> Any:
        """Return the body of a write. Raises Refusal."""
        _, _, identifier, verb = path.split("/")
        row, by = self._one(identifier), query.get("perform_as", [None])[0]
        if by not in (None, USER):
            raise Refusal(
                404 if "performer" in self.otherwise else 400, "BadRequestError", "perform_as: no user"
            )
        self.writes.append((identifier, verb))
        before = list(row["tags"])
        if verb == "archived":
            row["archived"] = body["reason"] and {"reason": body["reason"], "archivedAt": self._tick()}
            row["lastAdvancedAt"] = self.clock if body["reason"] else row["lastAdvancedAt"]
        else:
            self._tag(row, verb, body["tags"])
        if row["tags"] != before or "bumps" in self.otherwise or verb == "archived":
            row["updatedAt"] = self._tick()
        blank = {
            name: type(row[name])() for name in ("name", "headline", "location", "phones", "emails", "links")
        }
        return {"data": row | blank}

    def _tag(self, row: Row, verb: str, tags: list[str]) -> None:
        if "" in tags:
            raise Refusal(400, "BadRequestError", "tags must not be empty")
        tags = [tag.strip() for tag in tags] if "trims" in self.otherwise else tags
        kept = [tag for tag in row["tags"] if verb == "addTags" or tag not in tags]
        row["tags"] = kept + [tag for tag in dict.fromkeys(tags) if verb == "addTags" and tag not in kept]

    def _tick(self) -> int:
        self.clock += 1
        return self.clock

    def _one(self, identifier: str) -> Row:
        found = next((row for row in self.rows if row["id"] == identifier), None)
        if found is None:
            raise Refusal(404, "ResourceNotFound", f"opportunities {identifier} was not found")
        return found

    def _counts(self) -> list[Row]:
        counts: dict[str, int] = {}
        for row in self.rows:
            if row["archived"] is None or "counts" not in self.otherwise:
                counts |= {tag: counts.get(tag, 0) + 1 for tag in row["tags"]}
        return [{"count": counts[tag], "text": tag} for tag in sorted(counts, key=str.casefold)]

    def _key(self, row: Row, query: dict[str, list[str]]) -> tuple[Any, ...]:
        if any(name.startswith("updated_at") for name in query):
            return row["updatedAt"] or 0, row["id"]
        if "order" in self.otherwise:
            return -row["createdAt"], row["id"]
        return STAGES[row["stage"]], -row["lastAdvancedAt"], row["id"]

    def _list(self, query: dict[str, list[str]]) -> Any:
        limit = int(query.get("limit", ["100"])[0])
        if not 1 <= limit <= 100 and "clamps" not in self.otherwise:
            raise Refusal(400, "BadRequestError", "limit out of range")
        if "@" not in query.get("email", ["@"])[0]:
            raise Refusal(400, "BadRequestError", "Email address is not valid")
        rows = sorted(
            (row for row in self.rows if self._fits(row, query)), key=lambda row: self._key(row, query)
        )
        keys = [
            [abs(part) if isinstance(part, int) else part for part in self._key(row, query)] for row in rows
        ]
        at = self._place(query.get("offset", [""])[0], keys)
        page, rest = rows[at:][: max(1, min(limit, 100))], keys[at:][max(1, min(limit, 100)) :]
        answer = {"data": [self._shown(row, query) for row in page], "hasNext": bool(rest)}
        return answer | ({"next": quote(json.dumps(rest[0], separators=(",", ":")), safe="")} if rest else {})

    def _place(self, token: str, keys: list[list[Any]]) -> int:
        if not token:
            return 0
        try:
            return keys.index(json.loads(unquote(token)))
        except ValueError:
            raise Refusal(400, "BadRequestError", "Invalid offset token: it does not fit") from None

    def _fits(self, row: Row, query: dict[str, list[str]]) -> bool:
        contacts = query.get("contact_id", [row["contact"]])
        contacts = contacts[-1:] if "contacts" in self.otherwise else contacts
        archived = {"true": row["archived"] is not None, "false": row["archived"] is None}
        return (
            row["contact"] in contacts
            and row["stage"] in query.get("stage_id", [row["stage"]])
            and bool({*query.get("tag", row["tags"])} & {*row["tags"]})
            and archived.get(query.get("archived", [""])[0], True)
            and query.get("confidentiality", [""])[0] != "confidential"
            and ("posting_id" not in query or ("Baker" in row["tags"] and bool(row["applications"])))
            and all(self._within(row, name, query) for name in (*TIMES, "archived_at"))
        )

    def _within(self, row: Row, name: str, query: dict[str, list[str]]) -> bool:
        start, end = (query.get(f"{name}_{side}") for side in ("start", "end"))
        if not start and not end:
            return True
        at = (row["archived"] or {}).get("archivedAt") if name == "archived_at" else row[TIMES[name]]
        if at is None:
            return name == "updated_at" and "nulls" in self.otherwise
        last = int(end[0]) if end else 1 << 60
        return int((start or ["0"])[0]) <= at and (at < last if "ends" in self.otherwise else at <= last)

    def _shown(self, row: Row, query: dict[str, list[str]]) -> Row:
        for name in (expanded := query.get("expand", [])):
            if name not in ("stage", "owner", "applications"):
                raise Refusal(400, "BadRequestError", f"{name} is not expandable")
        shown = row
        if "stage" in expanded:
            shown = shown | {"stage": {"id": row["stage"], "text": row["stage"]}}
        if "applications" in expanded:
            shown = shown | {
                "applications": [{"id": each, "posting": POSTING["id"]} for each in row["applications"]]
            }
        return {name: value for name, value in shown.items() if name in query.get("include", shown)}


def _handler(lever: OtherLever) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version, wbufsize = "HTTP/1.1", -1  # one segment for headers and body

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self._answer(lambda path, query, body: lever.get(path, query))

        def do_POST(self) -> None:
            self._answer(lever.write)

        do_PUT = do_POST

        def _answer(self, act: Any) -> None:
            parts, length = urlsplit(self.path), int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            try:
                status, found = 200, act(parts.path.removeprefix("/v1"), parse_qs(parts.query), body)
            except Refusal as refusal:
                status, found = refusal.args[0], {"code": refusal.args[1], "message": refusal.args[2]}
            content = json.dumps(found).encode()
            self.send_response_only(status)
            lengths = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content))}
            for name, value in (HEADERS | lengths).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextmanager
def other_lever(*otherwise: str) -> Iterator[tuple[OtherLever, str]]:
    """Serve a second Lever; give it and its base URL."""
    lever = OtherLever({*otherwise})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lever))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield lever, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
