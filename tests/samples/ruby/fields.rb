class LeverController < HooksController
  def create
    @opportunities_url = 'https://api.lever.co/v1/opportunities/'
    @candidates_url = 'https://api.lever.co/v1/candidates/'
    @signature_key = params[:token].to_s + params[:triggeredAt].to_s
    Person.update(path: "/candidates/#{params[:id]}")
  end

  def notes(id)
    RestClient::Resource.new("#{@candidates_url}#{id}/notes", @key, '').get # expect: LK303
  end

  def archive(id)
    uri = URI("https://api.lever.co/v1/candidates/#{id}/archived") # expect: LK302
    Net::HTTP::Put.new(uri)
  end
end
