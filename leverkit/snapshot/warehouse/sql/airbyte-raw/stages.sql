-- One row per record as Lever sent it. The connector has no such stream; somebody may have added it.
-- reads *raw__stream_*stages or _airbyte_raw_*stages or stages AS records: _airbyte_data
-- reads *raw__stream_*stages or _airbyte_raw_*stages or stages AS records: _airbyte_extracted_at
SELECT _airbyte_data AS record, _airbyte_extracted_at AS seen_at FROM records
