class LeverClient:
    base = "https://api.lever.co/v1"

    def add_opportunity_tags(self, id, tags):
        return self.post(f"{self.base}/opportunities/{id}/addTags", json={"tags": tags})

    def remove_one_tag(self, id, tag):
        return self.post(f"{self.base}/opportunities/{id}/removeTags", json={"tags": [tag]})  # expect: LK306
