from .client import call


class CandidateStream:
    API_METHOD = "GET"
    TABLE = "candidates"

    @property
    def path(self):
        return "/candidates"  # expect: LK303


class Applications:
    PARENT = "candidates"

    def path(self, cache):
        rows = cache.get("candidates")
        return "/candidates/{candidate_id}/applications", rows  # expect: LK303
