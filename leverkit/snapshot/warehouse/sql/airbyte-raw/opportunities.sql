-- One row per record as Lever sent it; of several of an opportunity the latest counts. In files the table
-- has the name of the stream.
-- reads *raw__stream_*opportunities or _airbyte_raw_*opportunities or opportunities AS records: _airbyte_data
-- reads *raw__stream_*opportunities or _airbyte_raw_*opportunities or opportunities AS records: _airbyte_extracted_at, _airbyte_emitted_at or _file_time AS emitted
SELECT _airbyte_data AS record, _airbyte_extracted_at AS seen_at, emitted AS emitted_at
FROM records
