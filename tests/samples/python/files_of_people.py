import os

LEVER_DIR = os.environ["LEVER_EXPORT"]


def place(name):
    return open(os.path.join(LEVER_DIR, "candidates", name))


def keep(s3, person):
    s3.put_object(Bucket="lever", Key=f"candidates/{person}/resume.pdf")


def test_own_pages(client):
    assert client.post("/candidates/1/tags").status_code == 404


def test_lever(lever_client: "LeverClient"):
    assert lever_client.get("/candidates/1")  # expect: LK303
