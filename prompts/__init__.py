"""What is said to a chat model: prompt files and their published copies."""
