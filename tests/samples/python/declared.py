from uplink import Body, Consumer, Path, get, json, post

BASE = "https://api.lever.co/v1/"


class Lever(Consumer):
    @get("candidates/{candidate}")  # expect: LK303
    def read(self, candidate: Path): ...

    @json
    @post("candidates/{candidate}/addTags")  # expect: LK301
    def tag(self, candidate: Path, tags: Body): ...


class Pages(View):
    @get("candidates/{candidate}")
    def show(self, candidate): ...
