class LeverRoutes
  BASE = 'https://api.lever.co/v1'
  TAG = '/candidates/%s/addTags'
  UNTAG = '/candidates/%<id>s/removeTags'
  STAGE = '/candidates/%{id}/stage'

  def tag(id)
    HTTParty.post(BASE + TAG % id) # expect: LK301
  end

  def untag(id)
    HTTParty.post(BASE + format(UNTAG, id: id)) # expect: LK301
  end

  def move(id)
    HTTParty.put(BASE + format(STAGE, id: id)) # expect: LK302
  end
end
