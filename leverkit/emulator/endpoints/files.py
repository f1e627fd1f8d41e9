"""Files: uploads that an application refers to, files of an opportunity, and their bytes.

A generated file is a small PDF that says so; an uploaded file is kept byte for byte.
"""

from __future__ import annotations

from urllib.parse import quote

from leverkit.emulator.account.account import Account, Object
from leverkit.emulator.account.opportunity import Row
from leverkit.emulator.endpoints import children
from leverkit.emulator.endpoints.opportunities import visible_opportunity
from leverkit.emulator.http.forms import File
from leverkit.emulator.http.request import Request
from leverkit.emulator.response import RequestError, Response, bad_request, ok

MAX_BYTES = 30 * 1024 * 1024
UPLOAD_MS = 24 * 3_600_000


def _single_file(request: Request, field: str) -> File:
    """Return the one file of a multipart body. Raises RequestError 400 without it or above 30 MB (7.3)."""
    if not request.content_type.startswith(b"multipart/"):
        raise bad_request("Only requests of type multipart/form-data are accepted")
    found = next((file for file in request.form()[1] if file.field == field), None)
    if found is None:
        raise bad_request(f"Missing file: {field}")
    if len(found.content) > MAX_BYTES:
        raise bad_request("The file is larger than 30 MB")
    return found


def upload(request: Request) -> Response:
    """POST /uploads: keeps a file for 24 hours, for an application to refer to by its uri (section 7.3)."""
    account, file = request.account, _single_file(request, "file")
    identifier = f"{account.new_id()}-{file.name}"
    value: Object = {
        "expiresAt": account.now() + UPLOAD_MS,
        "filename": file.name,
        "id": identifier,
        "uri": f"{request.base_url}/uploads/{quote(identifier)}",
        "size": len(file.content),
    }
    account.uploads[identifier] = value
    account.contents[identifier] = file.content
    return ok(value, status=201)


def uploaded(account: Account, uri: str) -> File:
    """Return the file behind the uri of an upload. Raises RequestError 400 for an unknown or expired one."""
    for value in account.uploads.values():
        if value["uri"].rpartition("/")[2] == uri.rpartition("/")[2] and value["expiresAt"] > account.now():
            return File("resumeFile", value["filename"], account.contents[value["id"]])
    raise bad_request("The uploaded file is unknown, or older than 24 hours")


def store(account: Account, row: Row, kind: str, file: File) -> Object:
    """Add a file to an opportunity, as one of its files or as a resume; return the new object."""
    identifier, at = account.new_id(), account.tick()
    value = children.new_file(row, kind, identifier, file.name, at, len(file.content))
    account.contents[identifier] = file.content
    children.stored_children(account, row, kind).insert(0, value)
    return value


def attach(request: Request) -> Response:
    """POST …/files with a multipart body."""
    row = visible_opportunity(request)
    value = store(request.account, row, "files", _single_file(request, "file"))
    return ok(children.with_local_urls(request, value), status=201)


def download(kind: str, request: Request) -> Response:
    """GET …/:id/<kind>/:id/download: the bytes; 422 for an unreadable file."""
    item = children.find_child(request, kind)
    file: Object = item["file"] if isinstance(item.get("file"), dict) else item
    if file.get("status") == "error":
        raise RequestError(422, "The file could not be processed", code="UnprocessableEntityError")
    content = request.account.contents.get(item["id"], children.GENERATED_PDF)
    name = quote(str(file.get("name") or f"{kind[:-1]}.pdf"))
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
    ]
    return Response(200, content, headers)
