"""Tag every candidacy of a person: `tag_all.py CONTACT TAG`."""

import base64
import json
import os
import sys
import urllib.request
from urllib.parse import urlencode

BASE = os.environ.get("LEVER_BASE_URL", "https://api.lever.co/v1")
KEY = base64.b64encode(f"{os.environ['LEVER_API_KEY']}:".encode()).decode()
LIST_PATH = "/candidates"
TAG_PATH = "/candidates/%s/addTags"


def lever(path, body=None):
    headers = {"Authorization": f"Basic {KEY}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers)) as answer:
        return json.load(answer)


def tag_person(contact, tag):
    for row in lever(f"{LIST_PATH}?{urlencode({'contact_id': contact})}")["data"]:  # expect: LK303
        lever(TAG_PATH % row["id"], {"tags": [tag]})  # expect: LK301
        print(row["id"])


tag_person(*sys.argv[1:])
