def tag_person(client, opportunity_id, tag):
    contact = client.opportunity(opportunity_id)["contact"]
    for opportunity in client.opportunities(contact_id=contact):
        client.add_opportunity_tags(opportunity["id"], [tag])
