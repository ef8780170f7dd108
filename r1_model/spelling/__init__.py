"""What people type and a small model has never read: typing errors, other names of things."""
