require 'open-uri'

KEY = ENV['LEVER_KEY']
JSON.parse(URI.open("https://#{KEY}:@api.lever.co/v1/candidates").read) # expect: LK303
RestClient.post "https://#{KEY}:@api.lever.co/v1/candidates/#{id}/addTags", body # expect: LK301
