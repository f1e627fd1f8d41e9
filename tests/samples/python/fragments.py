from urllib.parse import urljoin

import httpx

LEVER_BASE_URL = "https://api.lever.co/v1"
RESOURCE = "candidates"
CANDIDATES_URL = LEVER_BASE_URL + "/candidates"
NOTE_PATH = "/candidates/{}/notes"


class LeverClient:
    def __init__(self, key, base_url=LEVER_BASE_URL):
        self.base_url = base_url
        self.http = httpx.Client(auth=(key, ""))

    def _request(self, method, path, **options):
        return self.http.request(method, f"{self.base_url}/{path}", **options)

    def add_tags(self, candidate, tags):
        return self._request("POST", f"{RESOURCE}/{candidate}/addTags", json={"tags": tags})  # expect: LK301

    def remove_tags(self, candidate, tags):
        path = "/".join([RESOURCE, candidate, "removeTags"])  # expect: LK301
        return self._request("POST", path, json={"tags": tags})

    def link(self, candidate, links):
        return self.http.post(CANDIDATES_URL + "/" + candidate + "/addLinks", json=links)  # expect: LK302

    def archive(self, candidate, reason):
        return self.http.put("{0}/candidates/{1}/archived".format(self.base_url, candidate), json=reason)  # expect: LK302

    def note(self, candidate, value):
        return self._request("POST", NOTE_PATH.format(candidate), json={"value": value})  # expect: LK302

    def all(self):
        return self.http.get(CANDIDATES_URL)  # expect: LK303

    def one(self, candidate):
        return self.http.get(urljoin(self.base_url + "/", "candidates/" + candidate))  # expect: LK303

    def listing(self):
        return self._request("GET", "candidates")  # expect: LK303

    def names(self, answer):
        return [row["name"] for row in answer.get("candidates", [])]

    def is_listing(self, path):
        return path == "/candidates" or path in (RESOURCE, f"{LEVER_BASE_URL}/candidates")

    def urls(self, row):
        return [self.base_url] if row["kind"] != "candidates" else []
