import os
import subprocess


def tag(one: str) -> None:
    os.system(f"curl -u {KEY}: -X POST https://api.lever.co/v1/candidates/{one}/addTags -d @tags.json")  # expect: LK301
    print("curl https://api.lever.co/v1/candidates")


def everyone() -> bytes:
    return subprocess.check_output("curl https://api.lever.co/v1/candidates", shell=True)  # expect: LK303
