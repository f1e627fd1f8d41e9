package lever

import (
	"fmt"
	"net/http"
	"net/url"
)

const (
	baseURL        = "https://api.lever.co/v1"
	candidatesPath = "/candidates"
)

type Client struct{ base string }

// AddTags posts to /candidates/:id/addTags.
func (c *Client) AddTags(id string, tags []string) (*http.Request, error) {
	return http.NewRequest(http.MethodPost, fmt.Sprintf("%s/candidates/%s/addTags", c.base, id), body(tags)) // expect: LK301
}

func (c *Client) List() (*http.Request, error) {
	return http.NewRequest("GET", baseURL+candidatesPath, nil) // expect: LK303
}

func (c *Client) Create() (*http.Request, error) {
	return http.NewRequest("POST", c.base+candidatesPath, nil) // expect: LK304
}

func (c *Client) Archive(id string) error {
	u, err := url.JoinPath(baseURL, "candidates", id, "archived") // expect: LK302
	if err != nil {
		return err
	}
	return c.put(u)
}

func routes(mux *http.ServeMux) {
	mux.HandleFunc("/candidates/", show)
}
