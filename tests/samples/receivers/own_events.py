"""Events of other systems that are called like Lever's, and a word that only looks like its header."""


def on_event(event):
    if event["type"] == "candidateHired":
        welcome(event["data"]["candidateId"], event["triggeredAt"])


def on_stage(payload):
    if payload["action"] == "candidateStageChange":
        move(payload["data"]["candidateId"])


COLUMNS = ("id", "lever_signature", "handle")
FIRST = "select id, lever_signature from machines"
