base <- "https://api.lever.co/v1"
# httr::GET(paste0(base, "/candidates"))
tag <- function(id, tags) {
  httr::POST(paste0(base, "/candidates/", id, "/addTags"), body = list(tags = tags)) # expect: LK301
}
note <- function(id) httr::POST(sprintf("%s/candidates/%s/notes", base, id)) # expect: LK302
one <- function(id) request(base) |> req_url_path_append("candidates", id, "offers") # expect: LK303
