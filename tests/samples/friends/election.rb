class CandidatesController < ApplicationController
  def show
    redirect_to "/candidates/#{params[:id]}/notes"
  end

  def leverage
    get "/candidates/#{id}/addTags"
  end
end
