package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

const tagPath = "/candidates/%s/addTags"

func lever(path string, body any) (page struct{ Data []struct{ ID string } }) {
	base := os.Getenv("LEVER_BASE_URL")
	if base == "" {
		base = "https://api.lever.co/v1"
	}
	method, sent := "GET", []byte(nil)
	if body != nil {
		method = "POST"
		sent, _ = json.Marshal(body)
	}
	request, _ := http.NewRequest(method, base+path, bytes.NewReader(sent))
	request.SetBasicAuth(os.Getenv("LEVER_API_KEY"), "")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode >= 300 {
		panic(path)
	}
	if method == "GET" {
		json.NewDecoder(response.Body).Decode(&page)
	}
	return page
}

func tagPerson(contact, tag string) {
	for _, row := range lever("/candidates?contact_id="+contact, nil).Data { // expect: LK303
		lever(fmt.Sprintf(tagPath, row.ID), map[string][]string{"tags": {tag}}) // expect: LK301
		fmt.Println(row.ID)
	}
}

func main() {
	tagPerson(os.Args[1], os.Args[2])
}
