package leverhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
)

var secret = []byte(os.Getenv("LEVER_SIGNATURE_TOKEN"))

const api = "https://api.lever.co/v1"

type Hook struct {
	Event       string `json:"event"`
	Token       string `json:"token"`
	TriggeredAt int64  `json:"triggeredAt"`
	Signature   string `json:"signature"`
	Data        Data   `json:"data"`
}

func signed(hook Hook) bool {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s%d", hook.Token, hook.TriggeredAt)
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(hook.Signature))
}

func signedByBody(r *http.Request, signature string) bool {
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, secret) // expect: LK308
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)) == signature
}

func signedByHeader(r *http.Request) string {
	return r.Header.Get("X-Lever-Signature") // expect: LK308
}

func moved(hook Hook) {
	if hook.Event == "candidateStageChange" {
		rememberPerson(hook.Data.CandidateID) // expect: LK307
	}
}

func hired(hook Hook) {
	greet(hook.Data.ContactID, hook.Data.CandidateID)
}

func tagByCreating(contact, tag string) (*http.Response, error) {
	body := encode(map[string]any{"contact": contact, "tags": []string{tag}})
	return http.Post(api+"/opportunities", "application/json", body) // expect: LK305
}
