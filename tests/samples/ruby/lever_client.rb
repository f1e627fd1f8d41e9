# frozen_string_literal: true

require 'httparty'

# Wraps /candidates/:id/addTags
class LeverClient
  include HTTParty
  base_uri 'https://api.lever.co/v1'
  API_URL = 'https://api.lever.co/v1/'

  def add_tags(id, tags)
    self.class.post("/candidates/#{id}/addTags", body: { tags: tags }.to_json) # expect: LK301
  end

  def add_posting(candidate_id, posting_id)
    HTTParty.post(API_URL + 'candidates/' + candidate_id + '/addPostings', body: { postings: [posting_id] }) # expect: LK302
  end

  def candidates
    self.class.get('/candidates') # expect: LK303
  end

  def opp_url(id)
    "#{API_URL}opportunities/#{id}"
  end

  def annotate(id, type, values)
    HTTParty.post("#{opp_url(id)}/add#{type}", body: values) # expect: LK306
  end

  def candidate_url(id)
    "#{API_URL}candidates/#{id}" # expect: LK303
  end

  def remove_tags(id, tags)
    HTTParty.post(File.join(candidate_url(id), 'removeTags'), body: { tags: tags }) # expect: LK301
  end
end
