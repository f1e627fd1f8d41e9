local base = "https://api.lever.co/v1"
local function tag(id) return http.request("POST", base .. "/candidates/" .. id .. "/addTags") end -- expect: LK301
