package main

var leverClient = resty.New().SetBaseURL("https://api.lever.co/v1")

func addTag(id, tag string) error {
	_, err := leverClient.R().SetBody(tag).Post("/candidates/" + id + "/addTags") // expect: LK301
	return err
}

func serve() {
	r := gin.Default()
	r.GET("/candidates/:id/notes", show)
}
