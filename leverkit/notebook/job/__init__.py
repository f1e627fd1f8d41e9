"""A notebook as a job: executed into a folder, with a record, an exit code and a page."""
