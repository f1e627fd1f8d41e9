require 'json'
require 'net/http'

CONTACT, TAG = ARGV
BASE = ENV.fetch('LEVER_BASE_URL', 'https://api.lever.co/v1')
TAG_PATH = '/candidates/%<id>s/addTags'

def lever(path, body = nil)
  uri = URI(BASE + path)
  request = body ? Net::HTTP::Post.new(uri, 'Content-Type' => 'application/json') : Net::HTTP::Get.new(uri)
  request.basic_auth(ENV.fetch('LEVER_API_KEY'), '')
  request.body = JSON.generate(body) if body
  answer = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https') { |http| http.request(request) }
  raise answer.code unless answer.is_a?(Net::HTTPSuccess)

  JSON.parse(answer.body)
end

def tag_person
  lever("/candidates?contact_id=#{CONTACT}")['data'].each do |row| # expect: LK303
    lever(format(TAG_PATH, id: row['id']), { tags: [TAG] }) # expect: LK301
    puts row['id']
  end
end

tag_person
