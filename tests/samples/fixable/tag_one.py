"""Tag one candidate: `tag_one.py CANDIDATE TAG`."""

import base64
import json
import os
import sys
import urllib.request

BASE = os.environ.get("LEVER_BASE_URL", "https://api.lever.co/v1")
KEY = base64.b64encode(f"{os.environ['LEVER_API_KEY']}:".encode()).decode()
candidate, tag = sys.argv[1:]
url = BASE + "/candidates/{candidate_id}/addTags".format(candidate_id=candidate)
body = json.dumps({"tags": [tag]}).encode()
headers = {"Authorization": f"Basic {KEY}", "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(url, body, headers))  # expect: LK301
print(candidate)
