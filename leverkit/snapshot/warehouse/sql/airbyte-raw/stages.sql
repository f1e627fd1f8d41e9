-- One row per record as Lever sent it. The connector has no such stream; somebody may have added it.
-- reads *raw__stream_*stages or _airbyte_raw_*stages or stages AS records: _airbyte_data
-- reads *raw__stream_*stages or _airbyte_raw_*stages or stages AS records: _airbyte_extracted_at or _airbyte_emitted_at or _file_time AS seen
SELECT _airbyte_data AS record, seen AS seen_at FROM records
