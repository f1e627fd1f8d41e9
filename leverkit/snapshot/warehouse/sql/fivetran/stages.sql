-- One row per stage.
-- reads stage: id, text, _fivetran_deleted
SELECT id, text, _fivetran_deleted AS is_deleted FROM stage
