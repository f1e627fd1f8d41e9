import hashlib
import hmac
import json
import os

import requests
from flask import Flask, request

app = Flask(__name__)
SECRET = os.environ["LEVER_SIGNATURE_TOKEN"]
API = "https://api.lever.co/v1"


def is_signed(hook):
    digits = str(hook["triggeredAt"])
    mine = hmac.new(SECRET.encode(), hook["token"].encode() + digits.encode(), hashlib.sha256)
    return hmac.compare_digest(mine.hexdigest(), hook["signature"])


def is_signed_in_steps(hook):
    nonce, moment = hook["token"], hook["triggeredAt"]
    mine = hmac.new(SECRET.encode(), digestmod=hashlib.sha256)
    mine.update(f"{nonce}{moment}".encode())
    return hmac.compare_digest(mine.hexdigest(), hook["signature"])


def is_signed_by_what_was_read(raw):
    payload = json.loads(raw)
    signed = str(payload.get("token", "")) + str(payload.get("triggeredAt", ""))
    mine = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(mine, payload.get("signature", ""))


def is_signed_over_the_body(raw, signature):
    mine = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()  # expect: LK308
    return hmac.compare_digest(mine, signature)


def is_signed_the_wrong_way_round(hook):
    signed = f"{hook['triggeredAt']}{hook['token']}"
    mine = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()  # expect: LK308
    return hmac.compare_digest(mine, hook["signature"])


@app.post("/hooks/lever/hired")
def hired():
    hook = request.get_json()
    if not is_signed(hook):
        return "", 401
    greet(hook["data"]["contactId"], hook["data"]["opportunityId"])
    return "", 204


@app.post("/hooks/lever/stage")
def stage():
    raw = request.get_data()
    if not is_signed_over_the_body(raw, request.headers.get("Signature")):
        return "", 401
    event = request.get_json()
    if event["event"] == "candidateStageChange":
        remember_person(event["data"]["candidateId"])  # expect: LK307
    return "", 204


HELP = "Some services send a header, such as X-Lever-Signature or X-Other-Signature, and hash the whole body."


def tag_by_creating(contact, tag):
    body = {"contact": contact, "tags": [tag]}
    return requests.post(f"{API}/opportunities", json=body, auth=(SECRET, ""))  # expect: LK305


def tag_everywhere(contact, tag):
    page = requests.get(f"{API}/opportunities", params={"contact_id": contact}, auth=(SECRET, "")).json()
    for row in page["data"]:
        requests.post(f"{API}/opportunities/{row['id']}/addTags", json={"tags": [tag]}, auth=(SECRET, ""))
