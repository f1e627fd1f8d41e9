from yarl import URL

LEVER = URL("https://api.lever.co/v1")


def paths(http, id):
    http.get(LEVER / "candidates" / id / "feedback")  # expect: LK303
    http.post("https://api.lever.co" "/v1/candidates/" + id + "/removeTags")  # expect: LK301
    http.put(f"{LEVER or 'https://api.sandbox.lever.co/v1'}/candidates/{id}/archived")  # expect: LK302
    http.post("%s/candidates/%s/addSources" % (LEVER, id))  # expect: LK302
    http.post(base_of(id) + "/addTags")  # expect: LK301


def base_of(id):
    return f"https://api.lever.co/v1/candidates/{id}"  # expect: LK303
