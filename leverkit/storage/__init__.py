"""Files that survive kills and spreadsheets."""
