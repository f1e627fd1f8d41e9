-- One row per record as Lever sent it. The connector has no such stream; somebody may have added it.
-- reads *raw__stream_postings or _airbyte_raw_postings AS raw_postings: _airbyte_data, _airbyte_extracted_at
SELECT _airbyte_data AS record, _airbyte_extracted_at AS seen_at FROM raw_postings
