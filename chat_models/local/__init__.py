"""The local reader: a chat model that reads a page's words on the CPU, with no network."""
