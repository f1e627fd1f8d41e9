import requests

LEVER = "https://api.lever.co/v1"


def tag_one(opportunity, tag, key):
    url = f"{LEVER}/opportunities/{opportunity}/addTags"  # expect: LK306
    requests.post(url, json={"tags": [tag]}, auth=(key, ""))


def tag_person(contact, tag, key):
    found = requests.get(f"{LEVER}/opportunities", params={"contact_id": contact}, auth=(key, "")).json()
    for row in found["data"]:
        requests.post(f"{LEVER}/opportunities/{row['id']}/addTags", json={"tags": [tag]}, auth=(key, ""))


def tag_by_creating(contact, tag, key):
    body = {"contact": contact, "tags": [tag]}
    requests.post(f"{LEVER}/opportunities", json=body, auth=(key, ""))  # expect: LK305


def apply_to(person, posting, key):
    body = {"name": person["name"], "emails": [person["email"]], "postings": [posting], "tags": ["Site"]}
    requests.post(f"{LEVER}/opportunities", json=body, auth=(key, ""))
