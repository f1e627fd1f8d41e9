provider "restapi" {
  uri = "https://api.lever.co/v1"
}

resource "restapi_object" "tag" {
  path = "/candidates/${var.id}/addTags" # expect: LK301
}
