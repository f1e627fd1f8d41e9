defmodule Lever do
  @endpoint "https://api.lever.co/v1"
  def note(id), do: HTTPoison.post(@endpoint <> "/candidates/" <> id <> "/notes", "") # expect: LK302
end
