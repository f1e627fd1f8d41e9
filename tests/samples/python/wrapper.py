from lever_sdk import LeverClient

from .settings import lever

client = LeverClient.from_env()


def sync(person):
    client.candidates.add_tags(person, ["Silver medalist"])  # expect: LK301
    for row in client.candidates.list(limit=100):  # expect: LK303
        print(row["candidates"])
    lever.add_candidate_tags(person, ["Silver medalist"])  # expect: LK301
    lever.candidates(person).remove_tags(["Bronze"])  # expect: LK301
    people.candidates.add_tags(person, ["Ours"])
    "lever.candidates.add_tags is a string"
