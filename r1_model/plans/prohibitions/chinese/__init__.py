"""What a Chinese request forbids, form by form."""
