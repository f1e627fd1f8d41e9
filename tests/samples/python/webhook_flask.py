import hashlib
import hmac

from flask import Flask, request

app = Flask(__name__)


@app.post("/lever/webhook")
def lever_webhook():
    signature = request.headers.get("X-Lever-Signature")  # expect: LK308
    if not hmac.compare_digest(signature, hmac.new(b"key", request.data, hashlib.sha256).hexdigest()):
        return "", 401
    event = request.get_json()
    if event["event"] == "candidateStageChange":
        person = event["data"]["candidateId"]  # expect: LK307
        enqueue(person)
    return "", 204


@app.post("/lever/webhook2")
def knows_the_contact():
    data = request.get_json()["data"]
    return {"person": data["contactId"], "legacy": data["candidateId"]}


@app.get("/candidates/<id>")
def own_page(id):
    return {}
