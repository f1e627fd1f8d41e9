package lever

import "fmt"

const root = "https://api.lever.co/v1"
const tagPath = "/candidates/%s/addTags"
const untagURL = root + "/candidates/%v/removeTags"

var routes = map[string]Route{
	"tag":  {Method: "POST", Path: "/candidates/%s/addTags"}, // expect: LK301
	"read": {Method: "GET", Path: "/candidates/%v/interviews"}, // expect: LK303
	"one":  {Method: "POST", Path: "/opportunities/%s/addTags"}, // expect: LK306
	"fine": {Method: "GET", Path: "/opportunities/%s/interviews"},
}

type Filter struct {
	ContactID []string `json:"contact_id"`
}

func tag(id string) error { return post(fmt.Sprintf(root+tagPath, id)) } // expect: LK301

func untag(id string) error { return post(fmt.Sprintf(untagURL, id)) } // expect: LK301

func page(c *Client) ([]Candidate, error) {
	return get[Page[Candidate]](c, "/candidates") // expect: LK303
}
