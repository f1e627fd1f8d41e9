import requests

ENDPOINTS = {
    "greenhouse": "https://harvest.greenhouse.io/v1/candidates",
    "lever": "https://api.lever.co/v1/candidates",  # expect: LK303
    "workable": "https://www.workable.com/spi/v3/candidates",
}


class GreenhouseClient:
    def notes(self, id):
        return self.request("GET", f"/candidates/{id}/notes")


class LeverClient:
    def notes(self, id):
        return self.request("GET", f"/candidates/{id}/notes")  # expect: LK303


def push(provider, http, id):
    if provider == "lever":
        http.post(f"/candidates/{id}/stage")  # expect: LK302
    elif provider == "workable":
        http.post(f"/candidates/{id}/stage")
    # Lever: POST https://api.lever.co/v1/candidates
    if provider == "greenhouse":
        http.post(f"/candidates/{id}/notes")
