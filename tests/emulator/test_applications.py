"""Postings made and applied to, uploads, files and their bytes, surveys, equal opportunity responses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.emulator_accounts import client, some, walk

from leverkit.emulator import Running, running

BYTES = bytes(range(256)) * 3 + b"\r\n--x\r\n\r"


def published(lever: httpx.Client) -> dict[str, Any]:
    found: list[dict[str, Any]] = lever.get("/postings", params={"state": "published"}).json()["data"]
    return found[0]


def application(**answers: str) -> dict[str, Any]:
    given = {"fullName": "Ada Example", "email": "ada@example.com", **answers}
    return {"personalInformation": [{"name": name, "value": value} for name, value in given.items()]}


def applied(lever: httpx.Client, posting: str, **answers: str) -> dict[str, Any]:
    """Apply, and return the opportunity."""
    made = lever.post(f"/postings/{posting}/apply", json=application(**answers))
    assert made.status_code == 201
    (found,) = [
        item
        for item in walk(lever, "/opportunities", posting_id=posting)
        if item["applications"] == [made.json()["data"]["applicationId"]]
    ]
    return found


def test_a_posting_is_made_as_a_draft_and_published_by_an_update(lever: httpx.Client) -> None:
    user = lever.get("/users").json()["data"][0]["id"]
    body = {"text": "Bricklayer", "categories": {"team": "Platform"}, "tags": ["urgent"]}
    answer = lever.post("/postings", json=body, params={"perform_as": user})
    made = answer.json()["data"]
    assert (answer.status_code, made["state"], made["owner"]) == (201, "draft", user)
    assert lever.post(f"/postings/{made['id']}/apply", json=application()).status_code == 400
    lever.post(f"/postings/{made['id']}", json={"state": "published"})
    assert applied(lever, made["id"])["tags"] == ["Bricklayer", "Platform", "urgent"]
    assert lever.get("/postings").json()["data"][0]["id"] == made["id"]


@pytest.mark.parametrize("body", [{}, {"text": 1}, {"text": " "}, {"text": "T", "state": "x"}])
def test_what_is_no_posting_is_refused(lever: httpx.Client, body: dict[str, Any]) -> None:
    assert lever.post("/postings", json=body).status_code == 400


def test_an_application_makes_an_opportunity_and_finds_the_person_again(lever: httpx.Client) -> None:
    first = applied(lever, published(lever)["id"], phone="555-0100", currentLocation="Oslo")
    second = applied(lever, published(lever)["id"], fullName="A. Example", email="ADA@example.com")
    assert (first["origin"], first["stage"], first["location"]) == ("applied", "applicant-new", "Oslo")
    assert first["phones"] == [{"value": "555-0100"}]
    assert (second["contact"], second["name"]) == (first["contact"], "Ada Example")


@pytest.mark.parametrize(
    "body", [{}, {"personalInformation": "x"}, {"personalInformation": [{"name": "fullName", "value": "A"}]}]
)
def test_an_application_without_name_or_email_is_refused(lever: httpx.Client, body: dict[str, Any]) -> None:
    posting = published(lever)["id"]
    fields = lever.get(f"/postings/{posting}/apply").json()["data"]["personalInformation"]
    assert [item["name"] for item in fields if item["required"]] == ["fullName", "email"]
    assert lever.post(f"/postings/{posting}/apply", json=body).status_code == 400


def test_an_uploaded_resume_comes_with_the_application_byte_for_byte(lever: httpx.Client) -> None:
    """7.3: uploads live 24 hours"""
    sent = lever.post("/uploads", files={"file": ("cv é.pdf", BYTES, "application/pdf")}).json()["data"]
    assert (sent["filename"], sent["size"]) == ("cv é.pdf", len(BYTES))
    opportunity = applied(lever, published(lever)["id"], resume=sent["uri"])
    (resume,) = lever.get(f"/opportunities/{opportunity['id']}/resumes").json()["data"]
    assert httpx.get(resume["file"]["downloadUrl"], auth=lever.auth).content == BYTES
    refused = lever.post(
        f"/postings/{published(lever)['id']}/apply", json=application(resume="x/uploads/none")
    )
    assert refused.status_code == 400


def test_an_upload_is_forgotten_after_a_day(account: Running, lever: httpx.Client) -> None:
    """7.3"""
    sent = lever.post("/uploads", files={"file": ("cv.pdf", b"x", "application/pdf")}).json()["data"]
    account.fault("clock", ms=86_400_001)
    lever.get("/tags")
    body = application(resume=sent["uri"])
    assert lever.post(f"/postings/{published(lever)['id']}/apply", json=body).status_code == 400


def test_files_of_an_opportunity_are_kept_listed_downloaded_and_removed(lever: httpx.Client) -> None:
    path = f"/opportunities/{some(lever)['id']}/files"
    made = lever.post(path, files={"file": ("a.bin", BYTES, "application/octet-stream")})
    file = made.json()["data"]
    assert (made.status_code, file["name"], file["ext"], file["size"]) == (201, "a.bin", ".bin", len(BYTES))
    assert lever.get(path).json()["data"][0] == file
    assert lever.get(f"{path}/{file['id']}/download").content == BYTES
    assert lever.delete(f"{path}/{file['id']}").status_code == 204
    assert lever.get(f"{path}/{file['id']}/download").status_code == 404
    assert lever.post(path, json={"file": "x"}).status_code == 400


def test_files_sent_with_a_new_opportunity_hang_on_it(lever: httpx.Client) -> None:
    user = lever.get("/users").json()["data"][0]["id"]
    files = [
        ("resumeFile", ("cv.pdf", BYTES)),
        ("files[]", ("one.txt", b"1")),
        ("files[]", ("two.txt", b"2")),
    ]
    form = {"name": "N", "phones[0][value]": "555-0100"}
    made = lever.post("/opportunities", data=form, files=files, params={"perform_as": user}).json()["data"]
    path = f"/opportunities/{made['id']}"
    assert made["phones"] == [{"value": "555-0100"}]
    assert [item["file"]["name"] for item in lever.get(f"{path}/resumes").json()["data"]] == ["cv.pdf"]
    assert {item["name"] for item in lever.get(f"{path}/files").json()["data"]} == {"one.txt", "two.txt"}


def test_an_invented_resume_is_a_pdf_to_be_had_from_here(reader: httpx.Client) -> None:
    ids = [item["id"] for item in reader.get("/opportunities").json()["data"]]
    lists = (reader.get(f"/opportunities/{item}/resumes").json()["data"] for item in ids)
    file = next(found[0]["file"] for found in lists if found)
    assert file["downloadUrl"].startswith(str(reader.base_url).rstrip("/"))
    got = httpx.get(file["downloadUrl"], auth=reader.auth)
    assert (got.content[:5], len(got.content)) == (b"%PDF-", file["size"])
    assert "resume.pdf" in got.headers["content-disposition"]


def test_a_file_that_lever_could_not_read_is_not_to_be_had(account: Running, lever: httpx.Client) -> None:
    """7.2"""
    opportunity = some(lever)["id"]
    broken = {"id": "f", "createdAt": 1, "file": {"name": "x.pdf", "status": "error"}}
    account.do(lambda held: held.children.update({("resumes", opportunity): [broken]}))
    assert lever.get(f"/opportunities/{opportunity}/resumes/f/download").status_code == 422


def test_surveys_belong_to_a_posting_and_equal_opportunity_responses_are_no_page(lever: httpx.Client) -> None:
    path = f"/surveys/diversity/{published(lever)['id']}"
    (survey,) = lever.get(path).json()["data"]
    assert survey["fields"][0]["options"]
    assert lever.get(path, params={"country_code": "NO"}).json()["data"] == []
    assert lever.get("/surveys/diversity/none").status_code == 404
    for path in ("/eeo/responses", "/eeo/responses/pii"):
        assert lever.get(path).json() == {"data": {"eeoResponses": []}}


def test_applying_needs_its_own_permission(lever: httpx.Client) -> None:
    with running(contacts=5, rate=None) as account, client(account, account.key(scopes=[])) as other:
        posting = account.do(lambda held: next(iter(held.postings)))
        statuses = [
            other.post(path, json={}).status_code for path in ("/postings", f"/postings/{posting}/apply")
        ]
        assert [*statuses, other.post("/uploads").status_code] == [403, 403, 403]
