"""What an English request forbids, form by form."""
