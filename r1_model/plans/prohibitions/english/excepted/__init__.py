"""What an English request excepts from what it asks for."""
