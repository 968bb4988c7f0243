"""What we learned: sessions read back as frames."""
