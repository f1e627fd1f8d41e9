class LeverHooksController < ApplicationController
  SECRET = ENV.fetch('LEVER_SIGNATURE_TOKEN')
  API = 'https://api.lever.co/v1'

  def hired
    return head :unauthorized unless signed?(params[:token], params[:triggeredAt])

    Greeting.enqueue(params[:data][:contactId], params[:data][:opportunityId])
    head :no_content
  end

  def stage
    expected = OpenSSL::HMAC.hexdigest('SHA256', SECRET, request.raw_post) # expect: LK308
    return head :unauthorized unless Rack::Utils.secure_compare(expected, params[:signature])

    Person.touch(params[:data][:candidateId]) if params[:event] == 'candidateStageChange' # expect: LK307
    head :no_content
  end

  def archived
    signature = request.headers['HTTP_X_LEVER_SIGNATURE'] # expect: LK308
    return head :unauthorized if signature.blank?

    head :no_content
  end

  def tag_by_creating(contact, tag)
    HTTParty.post("#{API}/opportunities", body: { contact: contact, tags: [tag] }) # expect: LK305
  end

  def tag_everywhere(contact, tag)
    HTTParty.get("#{API}/opportunities", query: { contact_id: contact })['data'].each do |row|
      HTTParty.post("#{API}/opportunities/#{row['id']}/addTags", body: { tags: [tag] })
    end
  end

  private

  def signed?(token, moment)
    mine = OpenSSL::HMAC.hexdigest('SHA256', SECRET, "#{token}#{moment}")
    Rack::Utils.secure_compare(mine, params[:signature])
  end
end
