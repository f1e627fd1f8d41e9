import requests

BASE = "https://api.lever.co/v1"
TAG_PATH = "/candidates/%s/addTags"
UNTAG_URL = BASE + "/candidates/%(who)s/removeTags"
STAGE = "/candidates/{}/stage"
NOTES = "/candidates/%d/notes"
ROUTES = {
    "tag": "/candidates/%s/addTags",  # expect: LK301
    "untag": "/candidates/{who}/removeTags",  # expect: LK301
    "read": "/candidates/%(who)s/offers",  # expect: LK303
    "fine": "/opportunities/%s/notes",
}


def tag(who):
    return requests.post(BASE + TAG_PATH % who, json={"tags": ["a"]})  # expect: LK301


def untag(who):
    return requests.post(UNTAG_URL % {"who": who}, json={"tags": ["a"]})  # expect: LK301


def move(who):
    return requests.put(BASE + STAGE.format(who))  # expect: LK302


def note(number):
    return requests.get(f"{BASE}{NOTES % number}")  # expect: LK303


def by_route(name, who):
    return requests.post(BASE + ROUTES[name] % who)


def appended(who):
    url = f"{BASE}/candidates/{who}"
    url += "/addTags"  # expect: LK301
    return requests.post(url, json={"tags": ["a"]})
