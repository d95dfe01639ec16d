"""What several of this repository's own tests need. //testing has what others need too."""
