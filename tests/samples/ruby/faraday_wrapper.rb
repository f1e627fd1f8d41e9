lever = Faraday.new(url: ENV.fetch('LEVER_API_URL'))
lever.post("candidates/#{id}/removeTags") { |request| request.body = tags } # expect: LK301
lever.get('candidates') # expect: LK303
answer['candidates'].each { |row| puts "/candidates/#{row}" }
client = Lever::Client.new(token)
client.candidates.create(name: name) # expect: LK304
company.candidates.create(name: name)
