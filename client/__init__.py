"""The command line: calls orc1 from a terminal or a script, and asks servers for their health."""
