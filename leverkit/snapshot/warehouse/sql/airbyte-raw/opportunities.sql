-- One row per record as Lever sent it; of several of an opportunity the latest counts.
-- reads *raw__stream_opportunities or _airbyte_raw_opportunities AS raw_opportunities: _airbyte_data
-- reads *raw__stream_opportunities or _airbyte_raw_opportunities AS raw_opportunities: _airbyte_extracted_at
-- reads *raw__stream_opportunities or _airbyte_raw_opportunities AS raw_opportunities: _airbyte_emitted_at
SELECT _airbyte_data AS record, _airbyte_extracted_at AS seen_at, _airbyte_emitted_at AS emitted_at
FROM raw_opportunities
