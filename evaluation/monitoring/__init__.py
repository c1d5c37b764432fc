"""How documents are read day by day, without gold: what their traces tell, and whether it got worse."""
