"""The only code that opens the user's files."""
