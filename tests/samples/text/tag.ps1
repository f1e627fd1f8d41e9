# Invoke-RestMethod https://api.lever.co/v1/candidates
Invoke-RestMethod -Method Post -Uri "https://api.lever.co/v1/candidates/$Id/addTags" -Body $Body # expect: LK301
