"""An old integration. Prose such as https://api.lever.co/v1/candidates/:id/addTags is no finding."""
import os

import requests

KEY = os.environ["LEVER_API_KEY"]


def tag(candidate_id, tags):
    # POST https://api.lever.co/v1/candidates/:id/addTags, said the old documentation
    requests.post(
        f"https://api.lever.co/v1/candidates/{candidate_id}/addTags",  # expect: LK301
        json={"tags": tags},
        auth=(KEY, ""),
    )


def untag(candidate_id, tags):
    url = "https://api.lever.co/v1/candidates/%s/removeTags" % candidate_id  # expect: LK301
    return requests.post(url, json={"tags": tags}, auth=(KEY, ""))


def everyone():
    return requests.get("https://api.lever.co/v1/candidates?limit=100", auth=(KEY, ""))  # expect: LK303


def create(person):
    return requests.post("https://api.lever.co/v1/candidates", json=person, auth=(KEY, ""))  # expect: LK304


def page_of(candidate):
    return "https://hire.lever.co/candidates/" + candidate["id"]
