import requests

BASE = "https://api.lever.co/v1/"
ENDPOINTS = {
    "list": "candidates",  # expect: LK303
    "tag": "candidates/{id}/addTags",  # expect: LK301
    "postings": "postings",
}
COLUMNS = {"list": "candidates", "other": "postings"}


def everyone(session):
    return session.get(BASE + ENDPOINTS["list"]).json()["data"]


def tag(one, tags):
    return requests.post(BASE + ENDPOINTS["tag"].format(id=one), json={"tags": tags})
