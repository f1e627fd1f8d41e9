"""The data of an emulated account: opportunities, their sorted views, filters, changes and events."""
