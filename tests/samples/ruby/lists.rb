require 'net/http'

BASE = 'https://api.lever.co/v1'
KINDS = ['postings', 'candidates', 'requisitions'].freeze # expect: LK303
CARD = { name: 'Lever', shows: ['candidates', 'postings'] }.freeze

KINDS.each { |kind| puts Net::HTTP.get(URI("#{BASE}/#{kind}")) }
puts allowed?(['candidates', 'postings'])
